"""A map of what lamps reach shows it stretch by stretch, says what the figures say, and a street stays one street."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import hostile
import made
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from geo.catalog import load_catalog
from geo.coverage import coverage_of, rows_behind
from geo.indicators import MEASURES
from geo.stretches import stretches_of
from geo.survey import Survey, open_survey
from geo.views.description import DrawnLayer, MapDescription, Shape, as_json, plain
from geo.views.listings import rows_listing
from geo.views.map import map_description, map_html
from geo.views.stretch_layers import by_street_and_state, in_degrees
from geo.views.tiles import archive_of

REACH = "lighting.lamp_reach"
FIGURE = f"figure:{REACH}"
STATES = ("covered", "not_covered", "unknown")


@pytest.fixture(scope="module")
def squares(tmp_path_factory: pytest.TempPathFactory) -> Survey:
    folder = made.write_district(
        tmp_path_factory.mktemp("made") / "squares", made.squares(load_catalog().layers)
    )
    made.squares_raster(folder)
    return open_survey(folder)


@pytest.fixture(scope="module")
def drawn(squares: Survey) -> DrawnLayer:
    return named(map_description(squares, REACH), FIGURE)


def named(description: MapDescription, name: str) -> DrawnLayer:
    return next(layer for layer in description.layers if layer.name == name)


def of_street(layer: DrawnLayer, street: str) -> dict[str, Shape]:
    shapes = [shape for shape in layer.shapes if shape.id == street]
    found = {shape.entry: shape for shape in shapes}
    assert len(found) == len(shapes)  # one for each state at the most
    return found


# ---------------------------------------------------------------- what the map says


def test_a_street_has_a_shape_for_each_state_of_which_it_has_a_stretch(drawn: DrawnLayer) -> None:
    assert set(of_street(drawn, "S2")) == {"covered", "not_covered", "unknown"}
    assert set(of_street(drawn, "S1")) == {"not_covered"}
    assert {shape.id for shape in drawn.shapes} == {f"S{number}" for number in range(1, 9)}
    assert drawn.in_parts
    assert [entry.key for entry in drawn.entries] == list(STATES)  # none that is so in part


def test_its_stretches_lie_where_its_lamps_say(drawn: DrawnLayer, squares: Survey) -> None:
    dark = shapely.geometry.shape(dict(of_street(drawn, "S2")["not_covered"].geometry))
    parts = gpd.GeoSeries(list(shapely.get_parts(dark)), crs="EPSG:4326").to_crs(made.CRS)
    ends = (parts.bounds[["minx", "maxx"]] - made.ORIGIN[0]).to_numpy()
    chord = np.sqrt(14**2 - 8**2)
    expected = [
        (0, 36),
        (81, 93),
        (107, 229),
        (271, 336),
        (364, 430 - chord),
        (430 + chord, 500),
    ]
    # Six decimals of a degree.
    assert sorted(ends.tolist()) == [pytest.approx(pair, abs=0.11) for pair in expected]


def test_a_click_says_how_many_metres_of_the_street_are_what(
    drawn: DrawnLayer, squares: Survey
) -> None:
    assert drawn.fields[:3] == ("已达到", "未达到", "情况不明")
    rows = rows_behind(squares, REACH)
    for key, own in rows.groupby("key"):
        sums = [f"{own[state].sum():,.0f} 米" for state in STATES]
        for shape in of_street(drawn, str(key)).values():
            assert list(shape.values[:3]) == sums
    assert drawn.fields[3:] == ("编号", "区位", "宽度")


def test_the_legend_says_the_lengths_of_the_figure_and_counts_nothing(
    drawn: DrawnLayer, squares: Survey
) -> None:
    rows = coverage_of(squares, [REACH])
    whole = rows[(rows["level"] == "district") & (rows["scope"] == "all")].iloc[0]
    assert [entry.amount for entry in drawn.entries] == [
        f"{whole[state]:,.0f} 米" for state in STATES
    ]
    assert {entry.count for entry in drawn.entries} == {None}


@pytest.mark.parametrize("district", ["squares", "embedded"])
def test_every_row_of_the_list_is_a_street_on_the_map(district: str, squares: Survey) -> None:
    survey = squares if district == "squares" else open_survey()
    _, indicator = survey.district.catalog.indicator(REACH)
    measure = MEASURES[indicator.kind]
    listing = rows_listing(rows_behind(survey, REACH), indicator, measure, "zh")
    layer = named(map_description(survey, REACH), FIGURE)
    assert listing.layer == layer.name
    assert {row.id for row in listing.rows} == {shape.id for shape in layer.shapes}
    assert len({shape.id for shape in layer.shapes}) < len(layer.shapes)


def test_every_stretch_is_on_the_map_and_dark_ones_lie_on_top() -> None:
    survey = open_survey()
    layer = named(map_description(survey, REACH), FIGURE)
    found = stretches_of(survey, REACH)
    parts = shapely.get_num_geometries(layer.shapes.geometry)
    for state in STATES:
        own = found.loc[found["status"] == state, "length_m"]
        mine = parts[[entry == state for entry in layer.shapes.entries]].sum()
        # What is shorter than six decimals of a degree may be a place, which is no stretch.
        assert (own > 0.2).sum() <= mine <= len(own)
    turns = [layer.shapes.entries.index(state) for state in ("covered", "unknown", "not_covered")]
    assert turns == sorted(turns)


def test_what_is_too_short_for_six_decimals_is_left_out_and_its_street_stays() -> None:
    line = shapely.LineString([(0, 0), (100, 0)])
    hair = shapely.LineString([(100, 0), (100.01, 0)])
    frame = gpd.GeoDataFrame(
        {"source_fid": [1, 1], "status": ["covered", "not_covered"], "length_m": [100.0, 0.01]},
        geometry=[shapely.transform(one, lambda xy: xy + made.ORIGIN) for one in (line, hair)],
        crs=made.CRS,
    )
    parts = by_street_and_state(frame)
    assert parts["state"].tolist() == ["covered", "not_covered"]
    there = in_degrees(parts.geometry)
    assert there[1] is None
    assert shapely.length(there[0]) > 0.0009
    assert len(by_street_and_state(frame.iloc[:0])) == 0


def test_lamps_lie_beside_as_they_are_declared_unless_they_are_too_many(
    squares: Survey, monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = map_description(squares, REACH).layers
    assert [layer.name for layer in layers[-2:]] == [FIGURE, "lamps"]
    assert not layers[-1].shown
    assert len(layers[-1].shapes) == 8
    by_verdict = {layer.name for layer in map_description(squares, REACH, level="town").layers}
    assert FIGURE in by_verdict
    assert "lamps" not in by_verdict
    monkeypatch.setattr("geo.views.stretch_layers.MOST_POINTS", 7)
    assert map_description(squares, REACH).layers[-1].name == FIGURE


def test_of_very_many_streets_each_is_drawn_whole_and_one_lit_in_part_says_so(
    squares: Survey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("geo.views.stretch_layers.MOST_STREETS", 7)
    layer = named(map_description(squares, REACH), FIGURE)
    assert len(layer.shapes) == 8
    assert of_street(layer, "S2").keys() == {"partly_covered"}
    assert not layer.in_parts
    monkeypatch.setattr("geo.views.stretch_layers.MOST_STREETS", 8)
    assert named(map_description(squares, REACH), FIGURE).in_parts


def test_without_lamps_there_is_a_map_and_no_stretch(tmp_path: Path) -> None:
    frames = dict(made.squares(load_catalog().layers))
    del frames["lamps"]
    survey = open_survey(made.write_district(tmp_path / "dark", frames))
    assert FIGURE not in {layer.name for layer in map_description(survey, REACH).layers}
    frames["lamps"] = made.squares(load_catalog().layers)["lamps"].iloc[:0]
    survey = open_survey(made.write_district(tmp_path / "empty", frames))
    layer = named(map_description(survey, REACH), FIGURE)
    assert set(layer.shapes.entries) == {"not_covered"}


def test_a_round_without_streets_has_an_empty_layer(tmp_path: Path) -> None:
    frames = dict(made.squares(load_catalog().layers))
    frames["back_streets"] = frames["back_streets"].iloc[:0]
    survey = open_survey(made.write_district(tmp_path / "none", frames))
    layer = named(map_description(survey, REACH), FIGURE)
    assert len(layer.shapes) == 0
    assert [entry.amount for entry in layer.entries] == ["0 米"] * 3


# ---------------------------------------------------------------- the file


def test_it_is_plain_data_and_always_the_same(squares: Survey) -> None:
    description = map_description(squares, REACH)
    assert as_json(description) == as_json(map_description(open_survey(squares.district), REACH))
    said = {layer["name"]: layer for layer in plain(description)["layers"]}
    assert said[FIGURE]["inParts"] is True
    # What other maps are told is what they were told before.
    assert '"inParts"' not in as_json(map_description(squares, "hardening.back_streets"))


def test_coordinates_are_degrees_with_six_decimals(drawn: DrawnLayer) -> None:
    xy = shapely.get_coordinates(drawn.shapes.geometry)
    assert (abs(xy * 1e6 - (xy * 1e6).round()) < 1e-3).all()
    assert shapely.is_valid(drawn.shapes.geometry).all()


def test_a_name_is_no_more_than_text(tmp_path: Path) -> None:
    survey = open_survey(hostile.hostile_district(tmp_path / "hostile"))
    layer = named(map_description(survey, REACH), FIGURE)
    assert any(hostile.SPITE in label for label in layer.shapes.labels)
    page = map_html(survey, REACH)
    assert page.count("</script>") == map_html(survey, "hardening.back_streets").count("</script>")


def test_tiles_hold_every_stretch_and_thinning_keeps_each_state(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("geo.views.tiles.WHOLE_UP_TO", 1_000)
    monkeypatch.setattr("geo.views.tiles.ALL_UP_TO", 500)
    description = map_description(open_survey(), REACH)
    archive = archive_of(description)
    assert archive is not None
    again = archive_of(map_description(open_survey(), REACH))
    assert again is not None
    assert archive.tiles == again.tiles
    layer = named(description, FIGURE)
    place = archive.layers.index(FIGURE)
    file = tmp_path / "map.pmtiles"
    file.write_bytes(archive.tiles)
    every = pd.MultiIndex.from_arrays([layer.shapes.ids, layer.shapes.entries])
    for zoom, whole in ((archive.zooms[0], False), (archive.zooms[1], True)):
        there = pyogrio.read_dataframe(file, ZOOM_LEVEL=zoom, read_geometry=False)
        there = there[there["l"] == place]
        states = there["e"].map(lambda number: layer.entries[int(number)].key)
        pairs = pd.MultiIndex.from_arrays([there["i"], states]).unique()
        assert set(states) == set(STATES)
        assert pairs.isin(every).all()
        assert (len(pairs) == len(every)) is whole
