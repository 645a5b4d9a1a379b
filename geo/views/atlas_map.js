// Draws a map description (geo/views/description.py) with Leaflet: the same drawing in an exported file
// and in the app, for maps that are sent whole.

function drawAtlasMap(L, element, description, options = {}) {
  const words = description.words;
  const parts = atlasParts(description);
  const own = options.map === undefined;
  const map = own
    ? L.map(element, { zoomControl: false, zoomSnap: 0.25, zoomDelta: 0.5, minZoom: 8, maxZoom: 19, fadeAnimation: false })
    : options.map;
  element.classList.add("atlas-map");
  element.lang = description.language === "zh" ? "zh-CN" : "en";
  map.attributionControl.setPrefix(false);
  // Tiles from elsewhere, where someone chose them; a map that gets none says so and works as usual.
  const silent = parts.silent();
  (description.basemap || []).forEach((address) => {
    const tiles = L.tileLayer(address, { maxZoom: 19, opacity: 0.75 });
    let came = 0;
    tiles.on("tileload", () => {
      came += 1;
      silent.hidden = true;
    });
    tiles.on("tileerror", () => {
      if (!came) silent.hidden = false;
    });
    tiles.addTo(map);
  });
  const renderer = L.canvas({ padding: 0.3, tolerance: 4 });

  const pathOptions = (look, answers) => ({
    renderer,
    interactive: answers,
    bubblingMouseEvents: false,
    color: look.color,
    weight: look.width,
    opacity: look.opacity,
    stroke: look.width > 0,
    dashArray: look.dash,
    fill: look.fill !== undefined,
    fillColor: look.fill,
    fillOpacity: look.fillOpacity,
    radius: look.radius ?? 4,
    smoothFactor: 0.5,
  });

  const nameOf = ({ id, properties }) => parts.called(properties.label, id);
  const tip = (feature) => parts.quote("div", "atlas-tip", nameOf(feature));
  const EDGE_PX = 20;
  const FRAME_PX = 47; // of a card, beside what is in it
  // Clear of the finder where it stands on the map: it would lie over the cross that closes the card.
  const open = (at, content) => L.popup({
    minWidth: 230,
    maxWidth: Math.min(320, element.clientWidth - 2 * EDGE_PX - FRAME_PX),
    autoPanPaddingTopLeft: [EDGE_PX, options.legend ? 56 : EDGE_PX],
    autoPanPaddingBottomRight: [EDGE_PX, EDGE_PX],
  }).setLatLng(at).setContent(content).openOn(map);
  const card = (layer, feature, found = false) => {
    const { entry, values } = feature.properties;
    return parts.card(layer, found && layer.inParts ? null : entry, nameOf(feature), values);
  };

  // A feature looks as its class says, unless it is marked (for a trial) or picked (to be looked at).
  const known = new Map(); // layer name -> id -> { drawn: [{ path, look }], label, layer }
  const marked = new Set();
  let picked = null;
  const dress = (one) => one.drawn.forEach(({ path, look }) => {
    const style = { color: look.color, weight: look.width, dashArray: look.dash || null };
    if (one === picked && !one.layer.inParts) {
      Object.assign(style, { color: "#111111", weight: Math.max(3.5, look.width + 1.5), dashArray: null });
    } else if (marked.has(one)) {
      Object.assign(style, { color: "#d6006c", weight: Math.max(5, look.width + 3), dashArray: null });
    }
    path.setStyle(style);
  });
  // The colours of a picked feature's parts are what it is looked at for: it gets an edge, and they lie upon it.
  const edge = L.featureGroup();
  const raise = () => {
    if (!edge.getLayers().length) return;
    edge.bringToFront();
    picked.drawn.forEach(({ path }) => path.bringToFront());
  };
  const unpick = () => {
    const before = picked;
    picked = null;
    edge.clearLayers();
    if (before) dress(before);
  };
  const pick = (one) => {
    unpick();
    picked = one;
    dress(one);
    if (!one.layer.inParts) return;
    [["#111111", 8], ["#ffffff", 4]].forEach(([color, wider]) => one.drawn.forEach(({ path, look }) =>
      edge.addLayer(L.polyline(path.getLatLngs(), { renderer, interactive: false, color, weight: look.width + wider }))));
    edge.addTo(map);
    raise();
  };
  const find = (layer, id) => known.get(layer)?.get(String(id));

  // A name stands over its feature's middle by the style sheet alone: a tooltip would be measured one by one.
  const standing = (path) => {
    let ring = path.getLatLngs?.() ?? [];
    while (Array.isArray(ring[0])) [ring] = ring;
    const at = path instanceof L.Polygon ? L.PolyUtil.polygonCenter(ring, map.options.crs) : path.getLatLng?.() ?? path.getBounds().getCenter();
    return L.marker(at, { interactive: false, keyboard: false,
      icon: L.divIcon({ className: "atlas-name", html: tip(path.feature), iconSize: [0, 0] }) });
  };
  let drawn = 0;
  const layers = description.layers.map((layer) => {
    const looks = layer.entries.map((entry) => entry.look);
    const lookOf = (feature) => looks[feature.properties.entry];
    const group = L.featureGroup();
    const names = layer.named ? L.layerGroup() : null;
    const ids = layer.answers ? known.set(layer.name, new Map()).get(layer.name) : null;
    layer.features.features.forEach((feature) => {
      const look = lookOf(feature);
      const how = pathOptions(look, layer.answers);
      // Seen from afar, ends that stick out would hide the parts between them, and the last colour drawn be all there is.
      if (layer.inParts) how.lineCap = "butt";
      // Made with its style from the start; L.geoJSON would give each path its style a second time.
      const path = L.GeoJSON.geometryToLayer(feature, { ...how, pointToLayer: (_, at) => {
        const point = L.circleMarker(at, how);
        point.feature = feature; // each point of several is asked for by itself
        return point;
      } });
      path.feature = feature;
      drawn += 1;
      const before = layer.inParts && find(layer.name, feature.id);
      if (before) before.drawn.push({ path, look });
      else ids?.set(String(feature.id), { drawn: [{ path, look }], label: feature.properties.label, layer });
      names?.addLayer(standing(path));
      group.addLayer(path);
    });
    if (names) group.on("add", () => names.addTo(map)).on("remove", () => names.remove());
    if (layer.answers) {
      group.bindTooltip((path) => tip(path.feature), { sticky: true, className: "atlas-hover" });
      group.on("click", (event) => {
        const feature = event.layer.feature;
        pick(find(layer.name, feature.id));
        const shown = open(event.latlng, card(layer, feature));
        event.layer.once("remove", () => map.closePopup(shown)); // what was found by name stays told of
        if (options.onPick) options.onPick({ layer: layer.name, id: feature.id });
      });
    }
    if (layer.shown) group.addTo(map);
    return { layer, group };
  });
  // What was found by name or in a list: switched on, brought into view, its card open.
  const show = (layer, id) => {
    const one = find(layer, id);
    if (!one) return false;
    const { group } = layers.find((item) => item.layer.name === layer);
    if (!map.hasLayer(group)) {
      group.addTo(map);
      ticks.get(layer).checked = true;
      inOrder();
    }
    pick(one);
    const [{ path }] = one.drawn;
    const bounds = L.latLngBounds([]); // of its own: what a path gives is the path's
    one.drawn.forEach((part) => bounds.extend(part.path.getBounds?.() ?? part.path.getLatLng()));
    // Of a feature in parts these are to be told apart.
    const near = one.layer.inParts ? 17 : 15;
    if (!map.getBounds().pad(-0.1).contains(bounds) || (one.layer.inParts && map.getZoom() < near - 1)) {
      map.fitBounds(bounds, { maxZoom: Math.max(map.getZoom(), near), padding: [60, 60], animate: false });
    }
    const place = path.getLayers?.()[0]?.getLatLng?.() ?? path.getCenter?.() ?? bounds.getCenter();
    open(place, card(one.layer, path.feature, true));
    return true;
  };
  const inOrder = () => {
    layers.forEach(({ group }) => map.hasLayer(group) && group.bringToFront());
    raise();
  };
  map.on("click", unpick);

  const control = (position, node) => {
    const item = L.control({ position });
    item.onAdd = () => node;
    item.addTo(map);
    return item;
  };

  const head = parts.head(options.untitled);
  if (head.childNodes.length) control("topleft", head);
  L.control.zoom({ position: "topleft", zoomInTitle: words.zoom_in, zoomOutTitle: words.zoom_out }).addTo(map);

  // Where there is a place for the legend beneath the map, it lies there and leaves the map free.
  const { panel, groups, ticks } = parts.legend(Boolean(options.legend), (name, on) => {
    const { group } = layers.find(({ layer }) => layer.name === name);
    if (on) group.addTo(map); else group.remove();
    if (!on && picked?.layer.name === name) unpick();
    inOrder();
  });
  panel.open = element.clientWidth === 0 || element.clientWidth > (options.legend ? 420 : 640);
  if (options.legend) {
    options.legend.appendChild(panel);
  } else {
    L.DomEvent.disableClickPropagation(panel);
    L.DomEvent.disableScrollPropagation(panel);
    control("topright", panel);
  }

  // Every feature that answers has a label to be found by.
  const search = (asked, most) => {
    const hits = [];
    for (const [name, ones] of known) {
      for (const [id, one] of ones) {
        if (!`${one.label || id} ${id}`.toLocaleLowerCase().includes(asked)) continue;
        hits.push({ layer: name, id, label: one.label, title: one.layer.title });
        if (hits.length >= most) return hits;
      }
    }
    return hits;
  };
  const finder = parts.finder(search, ({ layer, id }) => {
    show(layer, id);
    if (options.onPick) options.onPick({ layer, id });
  });
  if (known.size) {
    L.DomEvent.disableClickPropagation(finder);
    L.DomEvent.disableScrollPropagation(finder);
    if (options.legend) control("topright", finder);
    else panel.insertBefore(finder, groups);
  }

  if ((description.basemap || []).length) control("topleft", silent);

  control("bottomleft", parts.north());
  L.control.scale({ imperial: false, maxWidth: 140, position: "bottomleft" }).addTo(map);
  const notes = parts.notes();
  control("bottomright", notes);

  const [west, south, east, north_] = description.extent;
  const fit = () => {
    const bounds = L.latLngBounds([[south, west], [north_, east]]);
    const wide = element.clientWidth > 900;
    const right = wide && panel.open && !options.legend ? panel.offsetWidth + 20 : 12;
    // Clear of the title: beside it or below it, whichever leaves the larger picture.
    const beneath = head.offsetTop + head.offsetHeight + 20;
    const clear = wide ? [[head.offsetWidth + 24, 12], [52, beneath]] : [[12, beneath]];
    const below = notes.offsetHeight + 14;
    const zoomOf = (topLeft) => map.getBoundsZoom(bounds, false, L.point(topLeft[0] + right, topLeft[1] + below));
    const topLeft = clear.reduce((best, one) => (zoomOf(one) > zoomOf(best) ? one : best));
    map.fitBounds(bounds, { paddingTopLeft: topLeft, paddingBottomRight: [right, below], animate: false });
  };
  const roomForPanel = () => {
    notes.style.maxWidth = `${Math.max(150, element.clientWidth - 150)}px`;
    if (options.legend) return;
    groups.style.maxHeight = `${Math.max(120, element.clientHeight - 110)}px`;
  };
  // Said once the first picture is on the canvas, for whoever waits for it.
  const say = () => requestAnimationFrame(() => setTimeout(() => {
    element.dataset.atlasFeatures = String(drawn);
    element.dataset.atlasDrawn = "true";
    options.onDrawn?.();
  }));
  let fitted = false;
  const begin = () => {
    if (fitted || element.clientWidth === 0 || element.clientHeight === 0) return;
    fitted = true;
    map.invalidateSize({ animate: false });
    roomForPanel();
    if (options.view) map.setView(options.view.center, options.view.zoom, { animate: false });
    else fit();
    inOrder();
    say();
  };
  // In a hidden tab there is no size yet: the first picture waits for one.
  const watch = new ResizeObserver(() => {
    roomForPanel();
    if (fitted) map.invalidateSize({ animate: false, pan: false });
    else begin();
  });
  watch.observe(element);
  begin();
  // On paper a closed legend says nothing, and the picture has the paper's size.
  const forPaper = () => {
    panel.open = true;
    map.invalidateSize({ animate: false });
    if (!own) fit();
  };
  window.addEventListener("beforeprint", forPaper);

  return {
    map,
    view: () => (fitted ? { center: map.getCenter(), zoom: map.getZoom() } : null),
    show,
    unpick: () => {
      unpick();
      map.closePopup();
    },
    mark: (layer, ids) => {
      const before = [...marked];
      marked.clear();
      ids.forEach((id) => find(layer, id) && marked.add(find(layer, id)));
      [...before, ...marked].forEach(dress);
    },
    remove: () => {
      window.removeEventListener("beforeprint", forPaper);
      watch.disconnect();
      delete element.dataset.atlasDrawn;
      map.remove();
    },
  };
}
