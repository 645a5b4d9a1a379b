"""Named systems, the shifted Chinese coordinates, and how true a metric system is."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pyproj
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Point

from geo import crs
from geo.errors import UnknownNameError

WGS84 = pyproj.Geod(ellps="WGS84")
LONGITUDES = st.floats(73.0, 135.0)
LATITUDES = st.floats(3.0, 53.0)


def metres(a: tuple[object, object], b: tuple[object, object]) -> float:
    return float(WGS84.inv(*map(float, a), *map(float, b))[2])  # type: ignore[arg-type]


# Pairs that are published with other implementations of the same offset.
@pytest.mark.parametrize(
    ("true", "shifted"),
    [
        ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
        ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
        ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
    ],
)
def test_gcj02_is_the_known_offset(true: tuple[float, float], shifted: tuple[float, float]) -> None:
    assert np.allclose(crs.wgs84_to_gcj02(*true), shifted, rtol=0, atol=1e-9)
    assert metres(crs.gcj02_to_wgs84(*shifted), true) < 0.001


def test_the_shifts_here_are_half_a_kilometre_and_more_than_one() -> None:
    here = (119.92, 32.49)
    assert 500 < metres(here, crs.wgs84_to_gcj02(*here)) < 520
    assert 1100 < metres(here, crs.wgs84_to_bd09(*here)) < 1160


@settings(deadline=None)
@given(LONGITUDES, LATITUDES)
def test_there_and_back_is_within_a_centimetre(lon: float, lat: float) -> None:
    assert metres(crs.gcj02_to_wgs84(*crs.wgs84_to_gcj02(lon, lat)), (lon, lat)) < 0.01
    assert metres(crs.bd09_to_wgs84(*crs.wgs84_to_bd09(lon, lat)), (lon, lat)) < 0.01
    assert metres(crs.bd09_to_gcj02(*crs.gcj02_to_bd09(lon, lat)), (lon, lat)) < 0.01


@pytest.mark.parametrize("place", [(-15.43, 28.1), (2.35, 48.85), (151.2, -33.9), (140.0, 36.0)])
def test_outside_china_nothing_is_shifted(place: tuple[float, float]) -> None:
    for convert in (
        crs.wgs84_to_gcj02, crs.gcj02_to_wgs84, crs.wgs84_to_bd09, crs.bd09_to_wgs84,
        crs.gcj02_to_bd09, crs.bd09_to_gcj02,
    ):  # fmt: skip
        assert tuple(map(float, convert(*place))) == place


def test_a_place_comes_out_the_same_whatever_others_it_is_among() -> None:
    chance = np.random.default_rng(7)
    lon, lat = chance.uniform(70, 140, 20_000), chance.uniform(0, 56, 20_000)
    order = chance.permutation(len(lon))
    for way in (crs.gcj02_to_wgs84, crs.bd09_to_wgs84, crs.wgs84_to_bd09):
        plain, mixed = np.array(way(lon, lat)), np.array(way(lon[order], lat[order]))
        assert (
            np.abs(plain[:, order] - mixed).max() < 1e-13
        )  # degrees: a hundred-millionth of a metre
        table = np.array(way(lon.reshape(100, 200), lat.reshape(100, 200)))
        assert (table.reshape(2, -1) == plain).all()


def test_many_at_once_are_as_one_by_one_and_nan_stays_nan() -> None:
    lon, lat = np.array([119.92, np.nan, 2.35]), np.array([32.49, 32.49, 48.85])
    east, north = crs.gcj02_to_wgs84(lon, lat)
    alone = crs.gcj02_to_wgs84(119.92, 32.49)
    assert np.allclose((east[0], north[0]), alone, rtol=0, atol=1e-11)
    assert np.isnan(east[1])
    assert (east[2], north[2]) == (2.35, 48.85)


@pytest.mark.parametrize(
    ("text", "shift"),
    [
        ("gcj02", "gcj02"),
        ("GCJ-02", "gcj02"),
        ("bd09", "bd09"),
        ("BD-09", "bd09"),
        ("EPSG:4549", None),
    ],
)
def test_a_text_names_a_system(text: str, shift: str | None) -> None:
    assert crs.state(text).shift == shift


@pytest.mark.parametrize("text", ["", "EPSG:999999", "mars", "gcj03"])
def test_a_text_that_names_none_is_refused(text: str) -> None:
    with pytest.raises(UnknownNameError, match="gcj02"):
        crs.state(text)


@pytest.mark.parametrize("undefined", [None, "", "Undefined Cartesian SRS", 'ENGCRS["Undefined Cartesian SRS with unknown unit",EDATUM["Unknown engineering datum"],CS[Cartesian,2],AXIS["(X)",unspecified,LENGTHUNIT["unknown",0]],AXIS["(Y)",unspecified,LENGTHUNIT["unknown",0]]]'])  # fmt: skip
def test_an_undefined_system_is_none(undefined: str | None) -> None:
    assert crs.known_crs(undefined) is None


def test_an_engineers_plane_of_no_name_is_none_and_a_proj_text_is_not() -> None:
    assert crs.known_crs('LOCAL_CS["Unknown",UNIT["metre",1]]') is None
    text = crs.local_metric_crs(-15.44, 28.1)
    found = crs.known_crs(text)
    assert found is not None
    assert found == pyproj.CRS(text)


def test_shifted_degrees_are_straightened_whole() -> None:
    true = LineString([(119.92, 32.49), (119.93, 32.50)])
    shifted = LineString(np.column_stack(crs.wgs84_to_gcj02(*true.xy)))
    found = crs.straighten(gpd.GeoSeries([shifted, None]), crs.state("gcj02"))
    assert found.crs.to_epsg() == 4326
    assert np.allclose(np.array(found.iloc[0].coords), np.array(true.coords), rtol=0, atol=1e-8)
    assert found.iloc[1] is None


def test_shifted_coordinates_that_were_projected_are_straightened_too() -> None:
    shifted = gpd.GeoSeries([Point(*map(float, crs.wgs84_to_bd09(119.92, 32.49)))], crs="EPSG:4490")
    found = crs.straighten(shifted.to_crs("EPSG:4549"), crs.state("bd09")).iloc[0]
    assert metres((found.x, found.y), (119.92, 32.49)) < 0.01


def test_hailings_metric_system_is_true_to_a_hundred_thousandth() -> None:
    error = crs.metric_error("EPSG:4549", (485_000, 3_585_000, 505_000, 3_610_000))
    assert error.length < 1e-5
    assert error.area < 1e-5


def test_what_the_metric_error_says_is_what_a_geodesic_shows() -> None:
    # UTM at its central meridian: 0.9996, so lengths are 4e-4 and areas 8e-4 too small.
    error = crs.metric_error("EPSG:32650", (499_000, 3_590_000, 501_000, 3_592_000))
    assert error.length == pytest.approx(4e-4, rel=1e-3)
    assert error.area == pytest.approx(8e-4, rel=1e-3)
    back = pyproj.Transformer.from_crs("EPSG:32650", "EPSG:4326", always_xy=True)
    start, end = back.transform(500_000, 3_590_000), back.transform(500_000, 3_591_000)
    assert abs(1000 / metres(start, end) - 1) == pytest.approx(error.length, rel=1e-2)


@pytest.mark.parametrize("system", ["EPSG:4490", "EPSG:2264"])
def test_a_system_that_is_not_in_metres_has_no_metric_error(system: str) -> None:
    with pytest.raises(ValueError, match="metres"):
        crs.metric_error(system, (0, 0, 1, 1))


@pytest.mark.parametrize("lon", [73.6, 75.0, 104.0, 119.92, 120.0, 135.0])
def test_the_zone_of_a_longitude_is_the_nearest_meridians(lon: float) -> None:
    for prefix in (False, True):
        zone = pyproj.CRS(crs.cgcs2000_zone(lon, prefix=prefix))
        meridian = next(
            item.value
            for item in zone.coordinate_operation.params
            if item.name == "Longitude of natural origin"
        )
        assert abs(meridian - lon) <= 1.5
        easting = pyproj.Transformer.from_crs("EPSG:4490", zone, always_xy=True).transform(lon, 32)[
            0
        ]
        assert (easting > 1e6) == prefix


def test_there_is_no_zone_for_the_canaries() -> None:
    with pytest.raises(ValueError, match="73"):
        crs.cgcs2000_zone(-15.4)


def test_a_local_system_is_true_about_its_place() -> None:
    text = crs.local_metric_crs(-15.44, 28.1)
    assert crs.metric_error(text, (485_000, -15_000, 515_000, 15_000)).length < 1e-5


@pytest.mark.parametrize(
    "system", ["EPSG:4326", "OGC:CRS84", "EPSG:4490", "EPSG:4214", "EPSG:32650"]
)
def test_what_is_converted_sooner_is_what_proj_gives(system: str) -> None:
    degrees = gpd.GeoSeries(
        [Point(119.9, 32.5), LineString([(120, 32), (121, 33)])], crs="OGC:CRS84"
    )
    there = degrees.to_crs(system)
    assert crs.converted(there, "EPSG:4549").equals(there.to_crs("EPSG:4549"))
    assert str(crs.converted(there, "EPSG:4549").crs) == "EPSG:4549"
