"""Adds the misbehaving format to those of every Python that is started with this folder in its path."""

import geo.sources.formats

geo.sources.formats.__path__.append(__file__.rpartition("/")[0])
