// Draws a map description (geo/views/description.py) with Leaflet: the same drawing in an exported file
// and in the app. Everything that comes from data reaches the page by textContent, never as markup.

function drawAtlasMap(L, element, description, options = {}) {
  const SVG = "http://www.w3.org/2000/svg";
  const words = description.words;
  const make = (tag, className, text, parent) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined && text !== null) node.textContent = text;
    if (parent) parent.appendChild(node);
    return node;
  };
  // Text of a file stands apart from its surroundings, so that a right-to-left mark in it turns nothing else round.
  const quote = (tag, className, text, parent) => {
    const node = make(tag, className, text, parent);
    node.dir = "auto";
    node.classList.add("atlas-text");
    return node;
  };
  const own = options.map === undefined;
  const map = own
    ? L.map(element, { zoomControl: false, zoomSnap: 0.25, zoomDelta: 0.5, minZoom: 8, maxZoom: 19, fadeAnimation: false })
    : options.map;
  element.classList.add("atlas-map");
  element.lang = description.language === "zh" ? "zh-CN" : "en";
  map.attributionControl.setPrefix(false);
  // Tiles from elsewhere, where someone chose them; a map that gets none says so and works as usual.
  const silent = make("div", "atlas-silent", words.no_tiles);
  silent.setAttribute("role", "status");
  silent.hidden = true;
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

  const tip = (label) => quote("div", "atlas-tip", label);
  const cardOptions = { maxWidth: 320, autoPanPadding: [20, 20] };
  const card = (layer, feature) => {
    const box = make("div", "atlas-card");
    quote("h3", "", feature.properties.label, box);
    make("p", "atlas-kind", null, box).append(
      quote("span", "", layer.title), " · ", quote("span", "", layer.entries[feature.properties.entry].label));
    const list = make("dl", "", null, box);
    feature.properties.values.forEach((value, i) => {
      quote("dt", "", layer.fields[i], list);
      quote("dd", "", value, list);
    });
    return box;
  };

  // A feature looks as its class says, unless it is marked (for a trial) or picked (to be looked at).
  const known = new Map(); // layer name -> id -> { path, look, label }
  const marked = new Set();
  let picked = null;
  const dress = (one) => {
    const { look, path } = one;
    const style = { color: look.color, weight: look.width, dashArray: look.dash || null };
    if (one === picked) {
      Object.assign(style, { color: "#111111", weight: Math.max(3.5, look.width + 1.5), dashArray: null });
    } else if (marked.has(one)) {
      Object.assign(style, { color: "#d6006c", weight: Math.max(5, look.width + 3), dashArray: null });
    }
    path.setStyle(style);
  };
  const unpick = () => {
    const before = picked;
    picked = null;
    if (before) dress(before);
  };
  const pick = (one) => {
    unpick();
    picked = one;
    dress(one);
  };
  const find = (layer, id) => known.get(layer)?.get(String(id));

  let drawn = 0;
  const layers = description.layers.map((layer) => {
    const looks = layer.entries.map((entry) => entry.look);
    const lookOf = (feature) => looks[feature.properties.entry];
    const group = L.geoJSON(layer.features, {
      style: (feature) => pathOptions(lookOf(feature), layer.answers),
      pointToLayer: (feature, at) => L.circleMarker(at, pathOptions(lookOf(feature), layer.answers)),
      onEachFeature: (feature, path) => {
        drawn += 1;
        if (layer.answers) {
          if (!known.has(layer.name)) known.set(layer.name, new Map());
          known.get(layer.name).set(String(feature.id),
            { path, look: lookOf(feature), label: feature.properties.label, layer });
        }
        if (layer.named) {
          path.bindTooltip(() => tip(feature.properties.label),
            { permanent: true, direction: "center", className: "atlas-name", interactive: false });
        }
      },
    });
    if (layer.answers) {
      group.bindTooltip((path) => tip(path.feature.properties.label), { sticky: true, className: "atlas-hover" });
      group.bindPopup((path) => card(layer, path.feature), cardOptions);
      group.on("click", (event) => {
        const feature = event.layer.feature;
        pick(find(layer.name, feature.id));
        if (options.onPick) options.onPick({ layer: layer.name, id: feature.id });
      });
    }
    if (layer.shown) group.addTo(map);
    return { layer, group };
  });
  const ticks = new Map();
  // What was found by name or in a list: switched on, brought into view, its card open.
  const show = (layer, id) => {
    const one = find(layer, id);
    if (!one) return false;
    const { group } = layers.find((item) => item.layer.name === layer);
    if (!map.hasLayer(group)) {
      group.addTo(map);
      if (ticks.has(layer)) ticks.get(layer).checked = true;
      inOrder();
    }
    pick(one);
    const bounds = one.path.getBounds ? one.path.getBounds() : L.latLngBounds([one.path.getLatLng()]);
    if (!map.getBounds().pad(-0.1).contains(bounds)) {
      map.fitBounds(bounds, { maxZoom: Math.max(map.getZoom(), 15), padding: [60, 60], animate: false });
    }
    const place = one.path.getCenter ? one.path.getCenter() : bounds.getCenter();
    L.popup(cardOptions).setLatLng(place).setContent(card(one.layer, one.path.feature)).openOn(map);
    return true;
  };
  const inOrder = () => layers.forEach(({ group }) => map.hasLayer(group) && group.bringToFront());
  map.on("click", unpick);

  const control = (position, node) => {
    const item = L.control({ position });
    item.onAdd = () => node;
    item.addTo(map);
    return item;
  };
  const swatch = (look, geometryType) => {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("class", "atlas-swatch");
    svg.setAttribute("viewBox", "0 0 26 14");
    svg.setAttribute("aria-hidden", "true");
    const dot = look.radius !== undefined && look.fill !== undefined;
    const area = look.fill !== undefined && !dot;
    const shape = document.createElementNS(SVG, dot ? "circle" : area ? "rect" : "line");
    const at = dot
      ? { cx: 13, cy: 7, r: Math.min(5.5, look.radius) }
      : area ? { x: 2, y: 2, width: 22, height: 10 } : { x1: 1, y1: 7, x2: 25, y2: 7 };
    const set = {
      ...at,
      stroke: look.width > 0 ? look.color : "none",
      "stroke-width": area ? Math.max(1, look.width) : look.width,
      "stroke-opacity": look.opacity,
      "stroke-dasharray": look.dash || "none",
      fill: look.fill || "none",
      "fill-opacity": look.fillOpacity || 0,
    };
    Object.entries(set).forEach(([name, value]) => shape.setAttribute(name, value));
    svg.appendChild(shape);
    return svg;
  };

  // Title and banner, unless the page around the map has them.
  const head = make("div", "atlas-head");
  if (!options.untitled) {
    quote("h1", "", description.title, head);
    if (description.subtitle) quote("p", "atlas-subtitle", description.subtitle, head);
    if (description.banner) quote("p", "atlas-banner", description.banner, head);
  }
  if (head.childNodes.length) control("topleft", head);
  L.control.zoom({ position: "topleft", zoomInTitle: words.zoom_in, zoomOutTitle: words.zoom_out }).addTo(map);

  // Layers and legend: one panel, since a switch needs a name and a colour needs a meaning.
  // Where there is a place for it beneath the map, it lies there and leaves the map free.
  const panel = make("details", options.legend ? "atlas-panel atlas-beneath" : "atlas-panel");
  panel.open = element.clientWidth === 0 || element.clientWidth > (options.legend ? 420 : 640);
  make("summary", "", words.legend, panel);
  const groups = make("div", "atlas-groups", null, panel);
  [...layers].reverse().forEach(({ layer, group }) => {
    const box = make("div", "atlas-group", null, groups);
    const row = make("label", "atlas-switch", null, box);
    const tick = make("input", "", null, row);
    tick.type = "checkbox";
    tick.checked = layer.shown;
    ticks.set(layer.name, tick);
    quote("span", "atlas-layer", layer.title, row);
    tick.addEventListener("change", () => {
      if (tick.checked) group.addTo(map); else group.remove();
      inOrder();
    });
    const only = layer.entries.length === 1;
    layer.entries.forEach((entry) => {
      const line = only ? row : make("div", "atlas-entry", null, box);
      line.insertBefore(swatch(entry.look), only ? row.lastChild : null);
      if (!only) quote("span", "atlas-label", entry.label, line);
      if (entry.count !== null) make("span", "atlas-count", entry.count.toLocaleString("en"), line);
      if (entry.amount) quote("span", "atlas-amount", entry.amount, line);
    });
  });
  if (options.legend) {
    options.legend.appendChild(panel);
  } else {
    L.DomEvent.disableClickPropagation(panel);
    L.DomEvent.disableScrollPropagation(panel);
    control("topright", panel);
  }

  // Find by name: every feature that answers has a label to be found by.
  const finder = make("div", "atlas-finder");
  const box = make("input", "", null, finder);
  box.type = "search";
  box.placeholder = words.find;
  box.setAttribute("aria-label", words.find);
  const hits = make("ul", "atlas-hits", null, finder);
  const look = () => {
    const asked = box.value.trim().toLocaleLowerCase();
    hits.replaceChildren();
    if (!asked) return;
    let count = 0;
    for (const [name, ones] of known) {
      for (const [id, one] of ones) {
        const label = one.label || id;
        if (!`${label} ${id}`.toLocaleLowerCase().includes(asked)) continue;
        count += 1;
        if (count > 8) break;
        const hit = make("button", "", null, make("li", "", null, hits));
        hit.type = "button";
        quote("span", "", label, hit);
        quote("small", "", one.layer.title, hit);
        hit.addEventListener("click", (event) => {
          event.stopPropagation(); // the button is about to go, and Leaflet would take this for a click on the map
          show(name, id);
          if (options.onPick) options.onPick({ layer: name, id });
          hits.replaceChildren();
        });
      }
    }
    if (!count) make("li", "atlas-none", words.not_found, hits);
  };
  box.addEventListener("input", look);
  finder.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      box.value = "";
      look();
      box.focus();
    }
    if (event.key === "Enter" && event.target === box) {
      event.preventDefault();
      hits.querySelector("button")?.click();
    }
    event.stopPropagation(); // an arrow moves the cursor here, not the map
  });
  if (known.size) {
    L.DomEvent.disableClickPropagation(finder);
    L.DomEvent.disableScrollPropagation(finder);
    if (options.legend) control("topright", finder);
    else panel.insertBefore(finder, groups);
  }

  if ((description.basemap || []).length) control("topleft", silent);

  // North arrow, scale, what every copy must say
  const north = make("div", "atlas-north");
  const arrow = document.createElementNS(SVG, "svg");
  arrow.setAttribute("viewBox", "0 0 20 26");
  for (const [d, fill] of [["M10 1 L18 25 L10 19 Z", "#1b1b1b"], ["M10 1 L2 25 L10 19 Z", "#ffffff"]]) {
    const half = document.createElementNS(SVG, "path");
    half.setAttribute("d", d);
    half.setAttribute("fill", fill);
    half.setAttribute("stroke", "#1b1b1b");
    arrow.appendChild(half);
  }
  north.appendChild(arrow);
  make("span", "", words.north, north);
  control("bottomleft", north);
  L.control.scale({ imperial: false, maxWidth: 140, position: "bottomleft" }).addTo(map);
  const notes = make("div", "atlas-notes");
  description.notes.forEach((note) => quote("span", "", note, notes));
  control("bottomright", notes);

  const [west, south, east, north_] = description.extent;
  const fit = () => {
    const bounds = L.latLngBounds([[south, west], [north_, east]]);
    const wide = element.clientWidth > 900;
    const right = wide && panel.open && !options.legend ? panel.offsetWidth + 20 : 12;
    // Clear of the title: beside it or below it, whichever leaves the larger picture.
    const clear = wide
      ? [[head.offsetWidth + 24, 12], [52, head.offsetHeight + 20]]
      : [[12, head.offsetHeight + 20]];
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
  const say = () => requestAnimationFrame(() => requestAnimationFrame(() => {
    element.dataset.atlasFeatures = String(drawn);
    element.dataset.atlasDrawn = "true";
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
