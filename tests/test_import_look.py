"""A first look into a file: what is in it, and the layer it is for where it says so itself."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import made
import pytest
from shapely import Point

from geo.catalog import load_catalog
from geo.errors import SourceError
from geo.importing.look import Look, layer_for, look_into

LAYERS = load_catalog().layers


def written(folder: Path, name: str, layer: str, **columns: str) -> Path:
    frame = made.squares(LAYERS)[layer].rename(columns=columns)
    file = folder / name
    if frame.crs is not None:
        frame = frame.to_crs(4326)
    frame.to_file(file)
    return file


def test_a_column_that_one_layer_alone_has_names_the_layer(tmp_path: Path) -> None:
    file = written(tmp_path, "a.geojson", "back_streets", hardened="是否硬化", id="编号")
    seen = look_into(file)
    assert seen.kinds == {"LineString"}
    assert "是否硬化" in seen.columns
    assert layer_for(seen, file.name, LAYERS) == "back_streets"  # by zone and width_m


def test_names_and_ids_tell_nothing(tmp_path: Path) -> None:
    points = gpd.GeoDataFrame({"id": ["1"], "name": ["甲"]}, geometry=[Point(120, 32)], crs=4326)
    file = tmp_path / "points.geojson"
    points.to_file(file)
    assert layer_for(look_into(file), file.name, LAYERS) is None
    # Two layers each hold a field of their own: it may be either.
    seen = Look((), ("working", "category"), frozenset({"Point"}))
    assert layer_for(seen, "points.geojson", LAYERS) is None


def test_a_file_called_like_a_layer_of_its_kind_is_for_that(tmp_path: Path) -> None:
    file = written(tmp_path, "镇（街道）.geojson", "towns")
    assert layer_for(look_into(file), file.name, LAYERS) == "towns"
    lines = Look((), ("code",), frozenset({"LineString"}))
    assert layer_for(lines, "towns.geojson", LAYERS) is None


def test_shapes_of_another_kind_are_for_no_layer_by_their_columns() -> None:
    assert layer_for(Look((), ("working",), frozenset({"Polygon"})), "a.shp", LAYERS) is None


def test_a_table_without_places_may_be_for_a_layer_that_has_them() -> None:
    assert layer_for(Look((), ("村名", "得分"), frozenset()), "a.csv", LAYERS) == "inspections"
    assert layer_for(Look((), ("working",), frozenset()), "a.csv", LAYERS) == "lamps"


def test_a_raster_is_told_by_its_name_alone(tmp_path: Path) -> None:
    file = tmp_path / "flight.tif"
    file.touch()  # never opened
    assert layer_for(look_into(file), file.name, LAYERS) == "ndvi"


def test_of_several_layers_one_has_to_be_named(tmp_path: Path) -> None:
    file = tmp_path / "several.gpkg"
    for layer in ("lamps", "towns"):
        made.squares(LAYERS)[layer].to_file(file, layer=layer)
    seen = look_into(file)
    assert seen == Look(("lamps", "towns"), (), frozenset())
    assert layer_for(seen, file.name, LAYERS) is None
    assert look_into(file, None, "towns").kinds == {"Polygon"}


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "broken.geojson"
    file.write_text('{"type": "FeatureCollection", "fea', encoding="utf-8")
    with pytest.raises(SourceError):
        look_into(file)
