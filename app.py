"""The planner's app. Start it with `atlas app`, or `streamlit run app.py -- --district DIR`."""

from __future__ import annotations

from geo.app.shell import main

main()
