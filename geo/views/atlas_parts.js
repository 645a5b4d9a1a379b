// What every drawn map has, whatever draws it: title, legend with its switches, finder, card, north arrow,
// notes. Everything that comes from data reaches the page by textContent, never as markup.

function atlasParts(description) {
  const SVG = "http://www.w3.org/2000/svg";
  const words = description.words;
  const { make, quote } = atlasText;

  // What a feature goes by: without a name by its id, here as in every list.
  const called = (label, id) => label || String(id);

  // What a click on a feature shows. A feature in parts that was not clicked on, but found, is of no one class.
  const card = (layer, entry, label, values) => {
    const box = make("div", "atlas-card");
    quote("h3", "", label, box);
    const kind = make("p", "atlas-kind", null, box);
    kind.append(quote("span", "", layer.title));
    if (entry !== null) kind.append(" · ", quote("span", "", layer.entries[entry].label));
    const list = make("dl", "", null, box);
    values.forEach((value, i) => {
      quote("dt", "", layer.fields[i], list);
      quote("dd", "", value, list);
    });
    return box;
  };

  const swatch = (look) => {
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
  const head = (untitled) => {
    const box = make("div", "atlas-head");
    if (!untitled) {
      quote("h1", "", description.title, box);
      if (description.subtitle) quote("p", "atlas-subtitle", description.subtitle, box);
      if (description.banner) quote("p", "atlas-banner", description.banner, box);
    }
    return box;
  };

  // Layers and legend: one panel, since a switch needs a name and a colour needs a meaning. From top to bottom.
  const legend = (beneath, switched) => {
    const panel = make("details", beneath ? "atlas-panel atlas-beneath" : "atlas-panel");
    make("summary", "", words.legend, panel);
    const groups = make("div", "atlas-groups", null, panel);
    const ticks = new Map();
    [...description.layers].reverse().forEach((layer) => {
      const box = make("div", "atlas-group", null, groups);
      const row = make("label", "atlas-switch", null, box);
      const tick = make("input", "", null, row);
      tick.type = "checkbox";
      tick.checked = layer.shown;
      ticks.set(layer.name, tick);
      quote("span", "atlas-layer", layer.title, row);
      tick.addEventListener("change", () => switched(layer.name, tick.checked));
      const only = layer.entries.length === 1;
      layer.entries.forEach((entry) => {
        const line = only ? row : make("div", "atlas-entry", null, box);
        line.insertBefore(swatch(entry.look), only ? row.lastChild : null);
        if (!only) quote("span", "atlas-label", entry.label, line);
        if (entry.count !== null) make("span", "atlas-count", entry.count.toLocaleString("en"), line);
        if (entry.amount) quote("span", "atlas-amount", entry.amount, line);
      });
    });
    return { panel, groups, ticks };
  };

  // Find by name. `search` gives up to so many { title, label, id, layer }, or a promise of them.
  const finder = (search, chosen) => {
    const MOST = 8;
    const node = make("div", "atlas-finder");
    const box = make("input", "", null, node);
    box.type = "search";
    box.placeholder = words.find;
    box.setAttribute("aria-label", words.find);
    const hits = make("ul", "atlas-hits", null, node);
    let turn = 0;
    const look = async () => {
      const asked = box.value.trim().toLocaleLowerCase();
      const mine = (turn += 1);
      const found = asked ? await search(asked, MOST) : [];
      if (mine !== turn) return; // something else was typed meanwhile
      hits.replaceChildren();
      found.forEach((one) => {
        const hit = make("button", "", null, make("li", "", null, hits));
        hit.type = "button";
        quote("span", "", called(one.label, one.id), hit);
        quote("small", "", one.title, hit);
        hit.addEventListener("click", (event) => {
          event.stopPropagation(); // the button is about to go, and this would be taken for a click on the map
          chosen(one);
          hits.replaceChildren();
        });
      });
      if (asked && !found.length) make("li", "atlas-none", words.not_found, hits);
    };
    box.addEventListener("input", look);
    node.addEventListener("keydown", async (event) => {
      if (event.key === "Escape") {
        box.value = "";
        look();
        box.focus();
      }
      event.stopPropagation(); // an arrow moves the cursor here, not the map
      if (event.key === "Enter" && event.target === box) {
        event.preventDefault();
        await look();
        hits.querySelector("button")?.click();
      }
    });
    return node;
  };

  const north = () => {
    const node = make("div", "atlas-north");
    const arrow = document.createElementNS(SVG, "svg");
    arrow.setAttribute("viewBox", "0 0 20 26");
    for (const [d, fill] of [["M10 1 L18 25 L10 19 Z", "#1b1b1b"], ["M10 1 L2 25 L10 19 Z", "#ffffff"]]) {
      const half = document.createElementNS(SVG, "path");
      half.setAttribute("d", d);
      half.setAttribute("fill", fill);
      half.setAttribute("stroke", "#1b1b1b");
      arrow.appendChild(half);
    }
    node.appendChild(arrow);
    make("span", "", words.north, node);
    return node;
  };

  const notes = () => {
    const node = make("div", "atlas-notes");
    description.notes.forEach((note) => quote("span", "", note, node));
    return node;
  };

  // Said where tiles from elsewhere do not come; the map works as usual.
  const silent = () => {
    const node = make("div", "atlas-silent", words.no_tiles);
    node.setAttribute("role", "status");
    node.hidden = true;
    return node;
  };

  return { make, quote, called, card, head, legend, finder, north, notes, silent };
}
