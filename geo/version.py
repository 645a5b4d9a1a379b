"""The version, where every stage can name it without importing the package's root."""

__version__ = "0.1.0"
