// Draws a map description (geo/views/description.py) with MapLibre, for maps with too many features for Leaflet:
// large layers come as tiles from an archive, the others whole. The same parts, switches and answers as there.

function drawAtlasTiles(maplibregl, element, description, options = {}) {
  const words = description.words;
  const parts = atlasParts(description);
  element.classList.add("atlas-map");
  element.lang = description.language === "zh" ? "zh-CN" : "en";
  const { archive, index } = options; // index() gives a promise of { layer: [labels, ids, lon, lat] }
  const TILES = "features";
  const WHOLE = "whole";
  const NONE = ["==", ["get", "i"], ""];
  const scheme = `atlas${(drawAtlasTiles.count = (drawAtlasTiles.count || 0) + 1)}`;

  // ---- what is drawn, from bottom to top
  const byName = new Map(description.layers.map((layer) => [layer.name, layer]));
  const tiled = description.layers.filter((layer) => layer.tiled !== undefined);
  const cameWhole = []; // their features: one source is sooner read than one for each layer
  const sources = { [WHOLE]: { type: "geojson", data: { type: "FeatureCollection", features: cameWhole } } };
  const styles = [{ id: "ground", type: "background", paint: { "background-color": "#f7f6f2" } }];
  const styleIds = new Map(); // layer name -> ids of its style layers
  const whole = new Map(); // layer name -> id -> feature, of layers that are not tiled
  (description.basemap || []).forEach((address, i) => {
    sources[`base${i}`] = { type: "raster", tiles: [address], tileSize: 256, maxzoom: 19 };
    styles.push({ id: `base${i}`, type: "raster", source: `base${i}`, paint: { "raster-opacity": 0.75, "raster-fade-duration": 0 } });
  });
  const marksOf = new Map();
  description.layers.forEach((layer, place) => {
    const own = [];
    const from = layer.tiled === undefined ? { source: WHOLE } : { source: TILES, "source-layer": TILES };
    // Layers in the tiles go by their place among the tiled; those that came whole by numbers below nought.
    const number = layer.tiled === undefined ? -1 - place : tiled.indexOf(layer);
    if (layer.tiled === undefined) {
      const known = new Map();
      layer.features.features.forEach((feature) => {
        known.set(String(feature.id), feature);
        cameWhole.push({ type: "Feature", geometry: feature.geometry,
          properties: { l: number, e: feature.properties.entry, i: String(feature.id) } });
      });
      whole.set(layer.name, known);
    }
    const visibility = layer.shown ? "visible" : "none";
    const mine = [["==", ["get", "l"], number]];
    layer.entries.forEach((entry, e) => {
      const look = entry.look;
      const which = [...mine, ["==", ["get", "e"], e]];
      const add = (suffix, type, kinds, paint, layout = {}) => {
        const id = `${place}-${e}-${suffix}`;
        own.push(id);
        styles.push({ id, type, ...from, paint, layout: { ...layout, visibility },
          filter: ["all", ...which, ["in", ["geometry-type"], ["literal", kinds.flatMap((kind) => [kind, `Multi${kind}`])]]] });
      };
      if (look.fill !== undefined) {
        add("fill", "fill", ["Polygon"], { "fill-color": look.fill, "fill-opacity": look.fillOpacity || 0, "fill-antialias": false });
      }
      if (look.width > 0) {
        const paint = { "line-color": look.color, "line-width": look.width, "line-opacity": look.opacity };
        if (look.dash) paint["line-dasharray"] = look.dash.split(/[ ,]+/).map((part) => Number(part) / look.width);
        add("line", "line", ["LineString", "Polygon"], paint, { "line-join": "round" });
      }
      add("dot", "circle", ["Point"], {
        "circle-radius": look.radius ?? 4, "circle-color": look.fill || look.color,
        "circle-opacity": look.fill === undefined ? 1 : look.fillOpacity || 0,
        "circle-stroke-color": look.color, "circle-stroke-width": look.width, "circle-stroke-opacity": look.opacity,
      });
    });
    styleIds.set(layer.name, own);
    // The colours of a feature's parts are what it is looked at for: it gets an edge on either side of them.
    const beside = layer.inParts ? { "line-gap-width": Math.max(...layer.entries.map(({ look }) => look.width)) + 2 } : {};
    if (layer.answers) marksOf.set(layer.name, { place, from, mine, beside });
  });
  // What is marked (for a trial) or picked (to be looked at) lies over everything.
  const over = [["marked", "#d6006c", 5], ["picked", "#111111", 3.5]];
  over.forEach(([name, color, width]) => marksOf.forEach(({ place, from, beside }) => {
    styles.push({ id: `${name}-${place}-line`, type: "line", ...from, filter: NONE, layout: { "line-join": "round" },
      paint: { "line-color": color, "line-width": beside["line-gap-width"] ? width - 1 : width, ...beside } });
    styles.push({ id: `${name}-${place}-dot`, type: "circle", ...from, filter: NONE,
      paint: { "circle-radius": 5, "circle-opacity": 0, "circle-stroke-color": color, "circle-stroke-width": width - 1 } });
  }));
  const highlight = (name, layer, ids) => {
    const { place, mine } = marksOf.get(layer);
    const which = ids.length ? ["all", ...mine, ["in", ["get", "i"], ["literal", ids]]] : NONE;
    const kinds = (list) => ["all", which, ["in", ["geometry-type"], ["literal", list.flatMap((kind) => [kind, `Multi${kind}`])]]];
    map.setFilter(`${name}-${place}-line`, kinds(["LineString", "Polygon"]));
    map.setFilter(`${name}-${place}-dot`, kinds(["Point"]));
  };

  const [west, south, east, northern] = description.extent;
  const failed = (said) => {
    const box = parts.make("p", "atlas-failed", said);
    box.setAttribute("role", "alert");
    element.replaceChildren(box);
    element.dataset.atlasFailed = "true";
    options.onDrawn?.(); // nothing is left to wait for
    return { map: null, view: () => null, show: () => false, unpick() {}, mark() {}, remove() {
      delete element.dataset.atlasFailed;
    } };
  };
  if (archive) {
    sources[TILES] = {
      type: "vector", tiles: [`${scheme}://{z}/{x}/{y}`], minzoom: description.zooms[0], maxzoom: description.zooms[1],
      bounds: [west, south, east, northern],
    };
    maplibregl.addProtocol(scheme, async ({ url }) => {
      const [z, x, y] = url.slice(scheme.length + 3).split("/").map(Number);
      const bytes = await archive.tile(z, x, y);
      return { data: bytes ? bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) : new ArrayBuffer(0) };
    });
  }
  let map;
  try {
    map = new maplibregl.Map({
      container: element,
      style: { version: 8, sources, layers: styles },
      bounds: [[west, south], [east, northern]],
      minZoom: archive ? Math.max(0, description.zooms[0] - 1) : 5,
      maxZoom: 19,
      attributionControl: false,
      dragRotate: false,
      touchPitch: false,
      maxPitch: 0,
      fadeDuration: 0,
      renderWorldCopies: false,
      refreshExpiredTiles: false,
      // What is drawn stays readable for whoever prints it.
      canvasContextAttributes: { preserveDrawingBuffer: true },
      locale: { "NavigationControl.ZoomIn": words.zoom_in, "NavigationControl.ZoomOut": words.zoom_out },
    });
  } catch {
    return failed(words.no_webgl);
  }
  atlasFirstPicture(map);
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  // Said once the first picture is there, for whoever waits for it.
  const count = description.layers.reduce((sum, layer) => sum + (layer.tiled ?? layer.features.features.length), 0);
  let pace = null; // begins with the first picture

  const control = (position, node) => {
    node.classList.add("maplibregl-ctrl");
    map.addControl({ onAdd: () => node, onRemove: () => node.remove() }, position);
    return node;
  };
  const silent = parts.silent();
  if ((description.basemap || []).length) {
    let came = false;
    map.on("data", (event) => {
      if (event.sourceId?.startsWith("base") && event.tile?.state === "loaded") came = true;
      if (came) silent.hidden = true;
    });
    map.on("error", (event) => {
      if (event.sourceId?.startsWith("base") && !came) silent.hidden = false;
    });
  }

  // ---- answers
  const answering = () => [...marksOf.keys()].flatMap((name) => styleIds.get(name)).filter((id) => map.getLayer(id));
  const featureAt = (point, reach) => {
    const box = [[point.x - reach, point.y - reach], [point.x + reach, point.y + reach]];
    const [found] = map.queryRenderedFeatures(box, { layers: answering() });
    return found ? described(found) : null;
  };
  const described = (found) => {
    const place = Number(found.layer.id.split("-")[0]);
    const layer = description.layers[place];
    const { e, i, n } = found.properties;
    if (layer.tiled === undefined) {
      const { label, values } = whole.get(layer.name).get(i).properties;
      return { layer, id: i, entry: e, label: parts.called(label, i), values };
    }
    return { layer, id: i, entry: e, label: parts.called(n, i), values: layer.fields.map((_, k) => found.properties[`v${k}`] ?? "") };
  };
  let popup = null;
  let picked = null;
  const unpick = () => {
    if (picked) highlight("picked", picked, []);
    picked = null;
  };
  const open = (feature, at) => {
    popup?.remove();
    unpick();
    picked = feature.layer.name;
    highlight("picked", picked, [feature.id]);
    popup = new maplibregl.Popup({ maxWidth: "320px", closeOnClick: false, focusAfterOpen: false })
      .setLngLat(at).setDOMContent(parts.card(feature.layer, feature.entry, feature.label, feature.values)).addTo(map);
    popup.on("close", unpick);
  };
  map.on("click", (event) => {
    const feature = featureAt(event.point, 4);
    if (!feature) {
      popup?.remove();
      return;
    }
    open(feature, event.lngLat);
    if (options.onPick) options.onPick({ layer: feature.layer.name, id: feature.id });
  });
  const hint = parts.quote("div", "atlas-tip atlas-hovering", "", element);
  hint.hidden = true;
  let asked = null;
  map.on("mousemove", (event) => {
    if (asked === null) requestAnimationFrame(() => {
      const at = asked;
      asked = null;
      const feature = map.isMoving() ? null : featureAt(at, 3);
      hint.hidden = !feature;
      map.getCanvas().style.cursor = feature ? "pointer" : "";
      if (!feature) return;
      hint.textContent = feature.label;
      hint.style.transform = `translate(${at.x + 14}px, ${at.y + 14}px)`;
    });
    asked = event.point;
  });
  map.on("mouseout", () => { hint.hidden = true; });
  map.on("movestart", () => { hint.hidden = true; });

  const switched = (name, on) => {
    styleIds.get(name).forEach((id) => map.setLayoutProperty(id, "visibility", on ? "visible" : "none"));
    if (!on && picked === name) popup?.remove();
    names.get(name)?.forEach((marker) => { marker.getElement().hidden = !on; });
  };
  // Found by name or in a list: switched on, brought into view, its card open as soon as it is drawn.
  const placeOf = async (name, id) => {
    const feature = whole.get(name)?.get(id);
    if (feature) {
      const same = byName.get(name).features.features.filter((one) => String(one.id) === id);
      return { box: boxOf({ coordinates: same.map(({ geometry }) => geometry.coordinates) }), feature };
    }
    const columns = (await index())[name];
    const at = columns ? columns[1].indexOf(id) : -1;
    if (at < 0) return null;
    const point = [columns[2][at] / 1e5, columns[3][at] / 1e5];
    return { box: [...point, ...point] };
  };
  const boxOf = (geometry) => {
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    const walk = (part) => {
      if (typeof part[0] === "number") {
        box[0] = Math.min(box[0], part[0]); box[1] = Math.min(box[1], part[1]);
        box[2] = Math.max(box[2], part[0]); box[3] = Math.max(box[3], part[1]);
      } else part.forEach(walk);
    };
    walk(geometry.coordinates);
    return box;
  };
  let wanted = 0;
  const show = (name, id) => {
    const layer = byName.get(name);
    if (!layer?.answers) return false;
    const turn = (wanted += 1);
    (async () => {
      const where = await placeOf(name, String(id));
      if (!where || turn !== wanted) return;
      if (!ticks.get(name).checked) {
        ticks.get(name).checked = true;
        switched(name, true);
      }
      const [x0, y0, x1, y1] = where.box;
      const inside = map.getBounds();
      // Of a feature in parts these are to be told apart.
      const near = layer.inParts ? 17 : 15;
      const least = layer.inParts ? near - 1 : layer.tiled === undefined ? 0 : description.zooms[1];
      const close = map.getZoom() >= least && inside.contains([x0, y0]) && inside.contains([x1, y1]);
      if (!close) map.fitBounds([[x0, y0], [x1, y1]], { maxZoom: Math.max(map.getZoom(), near), padding: 60, animate: false });
      // The middle of streets that bend may lie anywhere; a place on a part lies on the street.
      const at = layer.inParts && where.feature ? where.feature.geometry.coordinates[0][0] : [(x0 + x1) / 2, (y0 + y1) / 2];
      if (where.feature) {
        const { entry, label, values } = where.feature.properties;
        open({ layer, id: String(id), entry: layer.inParts ? null : entry, label: parts.called(label, id), values }, at);
        return;
      }
      const found = () => map.querySourceFeatures(TILES, { sourceLayer: TILES, filter: ["all",
        ["==", ["get", "l"], tiled.indexOf(layer)], ["==", ["get", "i"], String(id)]] })[0];
      const tell = () => {
        const feature = turn === wanted ? found() : null;
        if (!feature) return;
        const told = described({ ...feature, properties: feature.properties, layer: { id: `${description.layers.indexOf(layer)}-0` } });
        open(layer.inParts ? { ...told, entry: null } : told, at);
      };
      if (map.loaded() && found()) tell(); else map.once("idle", tell);
    })();
    return true;
  };

  // ---- what stands on the map
  const head = parts.head(options.untitled);
  if (head.childNodes.length) control("top-left", head);
  map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "top-left");
  const { panel, groups, ticks } = parts.legend(Boolean(options.legend), switched);
  panel.open = element.clientWidth === 0 || element.clientWidth > (options.legend ? 420 : 640);
  const search = async (text, most) => {
    const hits = [];
    const seen = new Set(); // of a feature in parts each has the name
    const add = (layer, label, id) => {
      if (layer.inParts && seen.has(`${layer.name} ${id}`)) return;
      if (hits.length < most && `${label || id} ${id}`.toLocaleLowerCase().includes(text)) {
        hits.push({ layer: layer.name, id, label, title: layer.title });
        seen.add(`${layer.name} ${id}`);
      }
    };
    for (const layer of description.layers) {
      if (!layer.answers) continue;
      if (layer.tiled === undefined) {
        for (const [id, feature] of whole.get(layer.name)) add(layer, feature.properties.label, id);
      } else {
        const columns = (await index())[layer.name];
        for (let at = 0; columns && at < columns[0].length && hits.length < most; at += 1) add(layer, columns[0][at], columns[1][at]);
      }
    }
    return hits;
  };
  const finder = parts.finder(search, ({ layer, id }) => {
    show(layer, id);
    if (options.onPick) options.onPick({ layer, id });
  });
  if (options.legend) {
    options.legend.appendChild(panel);
    control("top-right", finder);
  } else {
    panel.insertBefore(finder, groups);
    control("top-right", panel);
  }
  if ((description.basemap || []).length) control("top-left", silent);
  map.addControl(new maplibregl.ScaleControl({ maxWidth: 140, unit: "metric" }), "bottom-left");
  control("bottom-left", parts.north());
  const notes = control("bottom-right", parts.notes());
  // Said while the zoom is one of those at which not every feature has room; beneath the title, or beneath the map
  // where its legend lies, since upon the map it would hide what it speaks of.
  const left = parts.quote("p", "atlas-left-out", "");
  left.setAttribute("role", "status");
  left.hidden = true;
  const tell = () => {
    if (!archive) return;
    const all = description.drawn.at(-1);
    const drawn = description.drawn[Math.max(0, Math.floor(map.getZoom()) - description.zooms[0])] ?? all;
    left.hidden = drawn === all;
    if (drawn < all) left.textContent = words.left_out.replace("{0}", drawn.toLocaleString("en")).replace("{1}", all.toLocaleString("en"));
  };
  if (archive && description.drawn[0] < description.drawn.at(-1)) {
    if (options.legend) options.legend.prepend(left);
    else head.append(left);
    map.on("zoom", tell);
  }
  // Names stand as markup of ours: letters in the picture would need a font to be fetched.
  const names = new Map();
  description.layers.filter((layer) => layer.named && layer.tiled === undefined).forEach((layer) => {
    names.set(layer.name, layer.features.features.map((feature) => {
      const [x0, y0, x1, y1] = boxOf(feature.geometry);
      const node = parts.make("div", "atlas-name");
      parts.quote("span", "atlas-tip", parts.called(feature.properties.label, feature.id), node);
      node.hidden = !layer.shown;
      return new maplibregl.Marker({ element: node, anchor: "center" }).setLngLat([(x0 + x1) / 2, (y0 + y1) / 2]).addTo(map);
    }));
  });

  const fit = () => {
    const wide = element.clientWidth > 900;
    const right = wide && panel.open && !options.legend ? panel.offsetWidth + 20 : 12;
    const left = wide && head.childNodes.length ? head.offsetWidth + 24 : 12;
    map.fitBounds([[west, south], [east, northern]],
      { animate: false, padding: { left, right, top: wide ? 12 : head.offsetTop + head.offsetHeight + 20, bottom: notes.offsetHeight + 14 } });
  };
  const roomForPanel = () => {
    notes.style.maxWidth = `${Math.max(150, element.clientWidth - 175)}px`;
    if (!options.legend) groups.style.maxHeight = `${Math.max(120, element.clientHeight - 110)}px`;
  };
  let fitted = false;
  const begin = () => {
    if (fitted || element.clientWidth === 0 || element.clientHeight === 0) return;
    fitted = true;
    map.resize();
    roomForPanel();
    if (options.view) map.jumpTo(options.view); else fit();
    tell();
    if (!options.view && !left.hidden) fit(); // the title has grown by it
    pace = atlasPace(map);
    const drawn = () => {
      if (!map.loaded() || !map.areTilesLoaded()) return;
      map.off("render", drawn);
      // With everything in it; said when this picture has been handed over, and not only after the next.
      setTimeout(() => {
        element.dataset.atlasFeatures = String(count);
        element.dataset.atlasDrawn = "true";
        options.onDrawn?.();
      });
    };
    map.on("render", drawn);
  };
  const watch = new ResizeObserver(() => {
    roomForPanel();
    if (fitted) map.resize(); else begin();
  });
  watch.observe(element);
  begin();
  const forPaper = () => {
    panel.open = true;
    pace?.sharpen();
    map.resize();
  };
  window.addEventListener("beforeprint", forPaper);

  // A filter can only be set once the style is there.
  const ready = (work) => (map.isStyleLoaded() || map.getLayer("ground") ? work() : map.once("load", work));
  return {
    map,
    view: () => (fitted ? { center: map.getCenter(), zoom: map.getZoom() } : null),
    show: (layer, id) => ready(() => show(layer, id)),
    unpick: () => popup?.remove(),
    mark: (layer, ids) => ready(() => marksOf.has(layer) && highlight("marked", layer, ids.map(String))),
    remove: () => {
      window.removeEventListener("beforeprint", forPaper);
      watch.disconnect();
      pace?.stop();
      delete element.dataset.atlasDrawn;
      map.remove();
      if (archive) maplibregl.removeProtocol(scheme);
    },
  };
}
