"""Maps with very many features: which layers become tiles, and that nothing of them is lost on the way."""

from __future__ import annotations

import base64
import gzip
import json
import re
from dataclasses import replace
from pathlib import Path

import hostile
import numpy as np
import pyogrio
import pytest
import shapely
from many import MANY, many_streets

from geo.said import in_language
from geo.views.description import MapDescription, Shapes, plain
from geo.views.page import tiles_page
from geo.views.thinning import drawn_from
from geo.views.tiles import WHOLE_UP_TO, Archive, archive_of, tiled_layers


@pytest.fixture(scope="module")
def large() -> MapDescription:
    return many_streets(hostile.SPITE)


@pytest.fixture(scope="module")
def archive(large: MapDescription) -> Archive:
    made = archive_of(large)
    assert made is not None
    return made


def first(description: MapDescription, count: int) -> MapDescription:
    field, streets = description.layers
    return replace(
        description, layers=(field, replace(streets, shapes=streets.shapes[: count - 1]))
    )


def test_a_map_is_tiles_from_the_first_feature_that_is_too_many(large: MapDescription) -> None:
    assert tiled_layers(first(large, WHOLE_UP_TO)) == ()
    assert archive_of(first(large, WHOLE_UP_TO)) is None
    assert tiled_layers(first(large, WHOLE_UP_TO + 1)) == ("streets",)  # the one field stays whole


def test_every_feature_is_in_the_tiles_with_its_class_label_and_values(
    archive: Archive, tmp_path: Path
) -> None:
    file = tmp_path / "map.pmtiles"
    file.write_bytes(archive.tiles)
    there = pyogrio.read_dataframe(file).drop_duplicates("i").set_index("i")
    assert len(there) == MANY
    street = there.loc[f"S7{hostile.SPITE}"]
    assert street["n"] == f"街7{hostile.SPITE}"
    assert (street["v0"], street["v1"]) == ("7 m", hostile.SPITE)
    assert (there["l"] == 0).all()
    assert (there["e"] == 0).sum() == MANY * 2 // 3


@pytest.fixture
def thinned_from_a_thousand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geo.views.tiles.ALL_UP_TO", 1_000)


def test_so_many_are_drawn_at_every_zoom(archive: Archive) -> None:
    assert archive.zooms == (10, 13)
    assert archive.drawn == (MANY,) * 4


@pytest.mark.usefixtures("thinned_from_a_thousand")
def test_each_zoom_draws_as_many_as_the_map_says(tmp_path: Path) -> None:
    made = archive_of(many_streets())
    assert made is not None
    file = tmp_path / "map.pmtiles"
    file.write_bytes(made.tiles)
    for zoom, drawn in zip(range(10, 14), made.drawn, strict=True):
        there = pyogrio.read_dataframe(file, ZOOM_LEVEL=zoom, read_geometry=False, columns=["i"])
        assert there["i"].nunique() == drawn
    assert made.drawn[-1] == MANY
    assert made.drawn[0] < MANY / 5
    assert plain(many_streets(), made)["drawn"] == list(made.drawn)


def test_coming_closer_adds_features_and_takes_none_away() -> None:
    # Ten streets within a cell of zoom 9, each longer than the one before.
    west = 120.0 + np.arange(10) * 0.0002
    lines = shapely.linestrings(
        [[(x, 32.0), (x + 0.0001 * (n + 1), 32.0)] for n, x in enumerate(west)]
    )
    alike = np.zeros(10, dtype=np.int32)
    zooms = drawn_from(np.asarray(lines, dtype=object), alike, (9, 14), all_up_to=9)
    assert zooms[-1] == 9  # the longest is there from the first
    seen = [int((zooms <= zoom).sum()) for zoom in range(9, 15)]
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (1, 10)


def test_a_rare_state_is_drawn_from_afar_however_small() -> None:
    # A thousand lit streets of 100 m within a cell of zoom 9, and among them one of 1 m that is not, one unknown.
    ends = np.append(np.full(1_000, 0.001), [0.00001, 0.00001])
    lines = shapely.linestrings([[(120.0, 32.0), (120.0 + end, 32.0)] for end in ends])
    states = np.append(np.zeros(1_000, dtype=np.int32), [1, 2]).astype(np.int32)
    zooms = drawn_from(np.asarray(lines, dtype=object), states, (9, 14), all_up_to=9)
    assert zooms[1_000:].tolist() == [9, 9]
    assert int((zooms == 9).sum()) == 3
    by_size = drawn_from(np.asarray(lines, dtype=object), states * 0, (9, 14), all_up_to=9)
    assert (by_size[1_000:] > 11).all()


@pytest.mark.usefixtures("thinned_from_a_thousand")
def test_each_class_of_the_legend_is_in_the_tiles_of_each_zoom(tmp_path: Path) -> None:
    description = many_streets()
    layer = description.layers[1]
    first, rare = layer.entries[0].key, layer.entries[1].key
    entries = [first] * (MANY - 1) + [rare]
    shapes = replace(layer.shapes, entries=entries)
    made = archive_of(replace(description, layers=(replace(layer, shapes=shapes),)))
    assert made is not None
    file = tmp_path / "map.pmtiles"
    file.write_bytes(made.tiles)
    for zoom in range(made.zooms[0], made.zooms[1] + 1):
        there = pyogrio.read_dataframe(file, ZOOM_LEVEL=zoom, read_geometry=False, columns=["e"])
        assert set(there["e"]) == {0, 1}


@pytest.mark.usefixtures("thinned_from_a_thousand")
def test_where_streets_lie_closer_one_zoom_more_holds_them_all() -> None:
    # Ten times closer: nine metres from one to the next.
    layer = many_streets().layers[1]
    at = shapely.transform(layer.shapes.geometry, lambda xy: (xy - (119.9, 32.4)) / 10 + (120, 32))
    shapes = replace(layer.shapes, geometry=np.asarray(at, dtype=object))
    close = archive_of(
        replace(
            many_streets(),
            extent=(120, 32, 120.012, 32.01),
            layers=(replace(layer, shapes=shapes),),
        )
    )
    assert close is not None
    assert close.zooms[1] == 14
    assert close.drawn[-2] < close.drawn[-1] == MANY


def test_the_index_finds_every_feature_by_its_name(archive: Archive) -> None:
    labels, ids, lon, lat = json.loads(gzip.decompress(archive.index))["streets"]
    assert len(labels) == len(ids) == len(lon) == len(lat) == MANY
    assert labels[121] == f"街121{hostile.SPITE}"
    assert (lon[121] / 1e5, lat[121] / 1e5) == pytest.approx((119.9013, 32.401), abs=4e-4)


def test_the_same_map_gives_the_same_bytes(large: MapDescription, archive: Archive) -> None:
    again = archive_of(large)
    assert again == archive
    assert again is not archive


def test_the_pieces_are_counted_while_they_are_cut(large: MapDescription) -> None:
    told: list[tuple[int, int, str]] = []
    archive_of(large, progress=lambda *said: told.append(said))
    zooms = ["", *(f"zoom {zoom}" for zoom in range(10, 14))]
    assert told == [(done, 4, zoom) for done, zoom in enumerate(zooms)]
    assert in_language(told[-1][2], "zh") == "第 13 级"


def test_what_is_in_the_tiles_is_not_sent_a_second_time(
    large: MapDescription, archive: Archive
) -> None:
    field, streets = plain(large, archive)["layers"]
    assert len(field["features"]["features"]) == 1
    assert streets["tiled"] == MANY
    assert "features" not in streets
    assert [entry["count"] for entry in streets["entries"]] == [8000, 4000]


def test_the_page_holds_its_archive_or_names_the_file_beside_it(
    large: MapDescription, archive: Archive
) -> None:
    page = tiles_page(large, archive)
    block = re.search(r'id="atlas-tiles">([^<]*)<', page)
    assert block
    assert base64.b64decode(block[1]) == archive.tiles
    assert "connect-src 'none'" in page
    beside = tiles_page(large, archive, "map.pmtiles")
    assert 'id="atlas-tiles"' not in beside
    assert "connect-src 'self'" in beside
    for text in (page, beside):
        assert "<img src=x" not in text
        assert "{{7*191}}" not in text
        assert not re.search(r"<(?:script|link|img)[^>]+(?:src|href)=\"?https?:", text)


def test_shapes_are_a_sequence(large: MapDescription) -> None:
    shapes = large.layers[1].shapes
    assert isinstance(shapes[:3], Shapes)
    assert [shape.id for shape in shapes[1:3]] == [shapes[1].id, shapes[2].id]
    assert shapes[-1].label == f"街{MANY - 1}{hostile.SPITE}"
    assert len(shapes[:2] + shapes[5:6]) == 3
