-- The figures once more, in DuckDB spatial, from DESIGN.md alone: nothing here was taken from geo/.
-- Tables as read from the round: villages, towns, boundary_edges and the layers; geometry in `geom`.

-- The area is what the four edges enclose, its border included.
CREATE TABLE area AS
SELECT ST_BuildArea(ST_Node(ST_Collect(list(geom)))) AS geom FROM boundary_edges;

CREATE TABLE built AS SELECT ST_Union_Agg(geom) AS geom FROM villages;

-- Scope: a village's share of the area.
CREATE TABLE shares AS
SELECT v.code, ST_Area(ST_Intersection(v.geom, a.geom)) / ST_Area(v.geom) AS share
FROM villages v, area a;

-- A square metre or a metre belongs to one village: of those it lies in, the one with the smaller code.
CREATE MACRO extent_of(g) AS
    CASE ST_Dimension(g) WHEN 1 THEN ST_Length(g) WHEN 2 THEN ST_Area(g) ELSE 0 END;

CREATE MACRO same_kind(part, g) AS ST_CollectionExtract(part, ST_Dimension(g) + 1);

CREATE MACRO cut(layer) AS TABLE
SELECT f.fid, v.code, same_kind(ST_Intersection(f.geom, v.geom), f.geom) AS geom
FROM query_table(layer) f JOIN villages v ON ST_Intersects(f.geom, v.geom);

CREATE MACRO owned(layer) AS TABLE
WITH parts AS MATERIALIZED (FROM cut(layer)),
shared AS (
    SELECT p.fid, p.code, ST_Union_Agg(smaller.geom) AS taken
    FROM parts p JOIN parts smaller ON smaller.fid = p.fid AND smaller.code < p.code
        AND extent_of(same_kind(ST_Intersection(p.geom, smaller.geom), p.geom)) > 0
    GROUP BY p.fid, p.code
)
SELECT p.fid, p.code, CASE WHEN s.taken IS NULL THEN p.geom ELSE ST_Difference(p.geom, s.taken) END AS geom
FROM parts p LEFT JOIN shared s ON s.fid = p.fid AND s.code = p.code
UNION ALL
SELECT f.fid, NULL, ST_Difference(f.geom, b.geom) FROM query_table(layer) f, built b
WHERE NOT ST_CoveredBy(f.geom, b.geom);

-- The same pieces, and the same pieces within the area.
CREATE MACRO pieces(owned) AS TABLE
SELECT 'all' AS scope, fid, code, geom, extent_of(geom) AS extent
FROM query_table(owned) WHERE extent_of(geom) > 0
UNION ALL
SELECT 'inside', o.fid, o.code, part.geom, extent_of(part.geom) AS extent
FROM query_table(owned) o, area a,
    LATERAL (SELECT same_kind(ST_Intersection(o.geom, a.geom), o.geom) AS geom) part
WHERE extent_of(o.geom) > 0 AND ST_Intersects(o.geom, a.geom) AND extent_of(part.geom) > 0;

-- A feature that is counted is counted once: where the largest part of it lies (in a village rather than
-- in none, then in the one with the smaller code), and inside where at least half of it does.
CREATE MACRO counted(layer, owned) AS TABLE
WITH placed AS (
    SELECT fid, nullif(min_by(coalesce(code, ''), (-round(extent_of(geom), 6), code IS NULL, code)), '') AS code
    FROM query_table(owned) GROUP BY fid
),
within AS (
    SELECT f.fid, CASE
        WHEN ST_Dimension(f.geom) = 0 THEN ST_Intersects(f.geom, a.geom)
        ELSE extent_of(same_kind(ST_Intersection(f.geom, a.geom), f.geom)) >= (0.5 - 1e-12) * extent_of(f.geom)
        END AS inside
    FROM query_table(layer) f, area a
)
SELECT scope, p.fid, p.code, 1.0 AS extent
FROM placed p JOIN within w USING (fid), (VALUES ('all'), ('inside')) scopes(scope)
WHERE scope = 'all' OR w.inside;

-- How far lamps reach along the pieces of the streets. A lamp that works and whose height is known lights
-- for certain; one of unknown state or height may light, as far as its height allows, 21 m where unknown.
CREATE MACRO lit_intervals(streets, points) AS TABLE
WITH lines AS (
    SELECT scope, fid, code, (unnest(ST_Dump(geom))).geom AS geom FROM query_table(streets)
),
numbered AS MATERIALIZED (SELECT row_number() OVER () AS line, * FROM lines),
corners AS (
    SELECT line, scope, fid, code, geom, unnest(generate_series(1, ST_NPoints(geom)::INT - 1)) AS k FROM numbered
),
segments AS MATERIALIZED (
    SELECT line, k, scope, fid, code,
        ST_X(ST_PointN(geom, k::INT)) AS x, ST_Y(ST_PointN(geom, k::INT)) AS y,
        ST_X(ST_PointN(geom, k::INT + 1)) - x AS dx, ST_Y(ST_PointN(geom, k::INT + 1)) - y AS dy,
        sqrt(dx * dx + dy * dy) AS length
    FROM corners
),
reaching AS MATERIALIZED (
    SELECT ST_X(geom) AS x, ST_Y(geom) AS y, coalesce(1.75 * height_m, 21.0) AS reach,
        coalesce(working, false) AND height_m IS NOT NULL AS certain
    FROM query_table(points) WHERE working IS NOT false
),
-- Lamps and segments meet in squares of 100 m; a segment is in every square within 25 m of its box.
segment_squares AS (
    SELECT *, unnest(generate_series(
        floor((least(y, y + dy) - 25) / 100)::INT, floor((greatest(y, y + dy) + 25) / 100)::INT)) AS square_y
    FROM (
        SELECT *, unnest(generate_series(
            floor((least(x, x + dx) - 25) / 100)::INT, floor((greatest(x, x + dx) + 25) / 100)::INT)) AS square_x
        FROM segments)
),
near AS (
    SELECT s.line, s.k, s.scope, s.fid, s.code, s.length, l.reach, l.certain,
        ((l.x - s.x) * s.dx + (l.y - s.y) * s.dy) / s.length AS foot,
        abs((l.x - s.x) * s.dy - (l.y - s.y) * s.dx) / s.length AS beside
    FROM segment_squares s JOIN reaching l
    ON s.square_x = floor(l.x / 100)::INT AND s.square_y = floor(l.y / 100)::INT
    WHERE s.length > 0
)
SELECT line, k, scope, fid, code, certain,
    greatest(0, foot - sqrt(reach * reach - beside * beside)) AS start,
    least(length, foot + sqrt(reach * reach - beside * beside)) AS stop
FROM near WHERE beside < reach AND stop > start;

CREATE MACRO union_length(intervals) AS TABLE
WITH ahead AS (
    SELECT *, max(stop) OVER (PARTITION BY line, k ORDER BY start, stop
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached
    FROM query_table(intervals)
)
SELECT scope, code, sum(greatest(0, stop - greatest(start, coalesce(reached, start)))) AS length
FROM ahead GROUP BY scope, code;

-- Pixels of a raster in the same CRS, as squares with a state; what no known pixel covers is unknown.
CREATE MACRO pixel_parts(pixels) AS TABLE
WITH grounds AS (
    SELECT 'all' AS scope, code, geom FROM villages
    UNION ALL
    SELECT 'inside', v.code, ST_Intersection(v.geom, a.geom) FROM villages v, area a
    WHERE ST_Intersects(v.geom, a.geom)
),
known AS MATERIALIZED (
    SELECT g.scope, g.code, p.state, sum(ST_Area(ST_Intersection(g.geom, p.geom))) AS extent
    FROM grounds g JOIN query_table(pixels) p ON ST_Intersects(g.geom, p.geom)
    GROUP BY ALL
)
FROM known
UNION ALL
SELECT g.scope, g.code, 'unknown', ST_Area(g.geom) - coalesce(sum(k.extent), 0)
FROM grounds g LEFT JOIN known k ON k.scope = g.scope AND k.code = g.code GROUP BY g.scope, g.code, g.geom;

-- From pieces with a state to the figures of every village, town and the district.
CREATE MACRO by_unit(stated) AS TABLE
WITH sums AS (
    SELECT scope, code,
        coalesce(sum(extent) FILTER (state = 'covered'), 0) AS covered,
        coalesce(sum(extent) FILTER (state = 'not_covered'), 0) AS not_covered,
        coalesce(sum(extent) FILTER (state = 'unknown'), 0) AS unknown
    FROM query_table(stated) GROUP BY scope, code
)
SELECT 'village' AS level, scope, code, covered, not_covered, unknown FROM sums
UNION ALL
SELECT 'town', scope, v.town_code, sum(covered), sum(not_covered), sum(unknown)
FROM sums s LEFT JOIN villages v ON v.code = s.code GROUP BY scope, v.town_code
UNION ALL
SELECT 'district', scope, NULL, sum(covered), sum(not_covered), sum(unknown) FROM sums GROUP BY scope;
