// The way into a map, a list, or both side by side from Streamlit: called again on every rerun, draws only
// what has changed, the map before the list beside it. A click answers here and now; the server is told of it and
// need not answer.

const unzipped = (packed) => new Response(packed.pipeThrough(new DecompressionStream("gzip")));
const fetched = async (address) => {
  const answer = await fetch(new URL(address, document.baseURI));
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return unzipped(answer.body).json();
};

// Once a place is to be seen, or nearly.
const near = (place) => new Promise((resolve) => {
  const watch = new IntersectionObserver((seen) => {
    if (!seen.some((one) => one.isIntersecting)) return;
    watch.disconnect();
    resolve();
  }, { rootMargin: "300px", scrollMargin: "300px" });
  watch.observe(place);
});

// Where the tiles and the index of names are; both are fetched when they are needed, from where they are then.
const archiveAt = (addresses) => {
  let index = null;
  let at = null;
  let read = null;
  return {
    archive: atlasArchive((offset, length) => {
      if (at !== addresses.tiles) {
        at = addresses.tiles;
        read = atlasArchive.onServer(new URL(at, document.baseURI));
      }
      return read(offset, length);
    }),
    index: () => (index ||= fetched(addresses.index).catch((fault) => {
      index = null; // asked for again by the next search
      throw fault;
    })),
  };
};

const make = (className, parent, tag = "div") => {
  const node = document.createElement(tag);
  node.className = className;
  parent.appendChild(node);
  return node;
};

// The map alone, with its legend beneath; `part.tell` is told what the reader picks on it.
const drawMap = (side, said, addresses, tell, view = null) => {
  const part = { digest: said.digest, extent: said.map.extent, addresses, tell };
  part.place = make("atlas-place", side);
  // At least as high as said; on a tall screen it takes its share of the height.
  part.place.style.height = `max(${said.height}px, 58vh)`;
  part.legend = make("atlas-map", side);
  part.legend.lang = said.map.language === "zh" ? "zh-CN" : "en";
  part.seen = new Promise((resolve) => {
    part.settle = resolve;
    part.drawing = drawAtlas(part.place, said.map, {
      untitled: true,
      legend: part.legend,
      view,
      onPick: (feature) => part.tell(feature),
      onDrawn: resolve,
      ...(addresses ? archiveAt(addresses) : {}),
    });
  });
  return part;
};

// ---- a map that was drawn before Streamlit was ready (atlas_ahead.js)
const AHEAD = "atlas-ahead";

const leaveAhead = () => {
  const host = document.getElementById(AHEAD);
  host?.atlas?.drawing.remove();
  host?.remove();
};

// The map that was drawn ahead, if it is this one; another is of no use any more.
const takenOver = (digest, side) => {
  const host = document.getElementById(AHEAD);
  const part = host?.atlas;
  if (part?.digest !== digest) {
    leaveAhead();
    return null;
  }
  const held = host.lastElementChild.shadowRoot.activeElement; // whoever is typing a name goes on
  side.append(part.place, part.legend);
  host.remove();
  held?.focus({ preventScroll: true });
  return part;
};

export default function ({ parentElement, data, setTriggerValue, setStateValue }) {
  const mount = parentElement.querySelector(".atlas-mount");
  if (!mount || data === null || data === undefined) return undefined;
  const said = JSON.parse(typeof data === "string" ? data : new TextDecoder().decode(data));
  const atlas = (mount.atlas ||= { parts: {} });
  atlas.trigger = setTriggerValue;
  atlas.state = setStateValue;

  if (!atlas.sides) {
    atlas.sides = { map: make("atlas-side atlas-side-map", mount), table: make("atlas-side atlas-side-table", mount) };
  }
  mount.classList.toggle("atlas-both", Boolean(said.map && said.table));
  atlas.sides.map.hidden = !said.map;
  atlas.sides.table.hidden = !said.table;

  const layer = said.table?.layer;
  const pickedOnMap = (feature) => {
    atlas.picked = feature;
    if (feature.layer === layer) {
      if (said.table.marking) atlas.parts.table?.drawing?.toggle(feature.id);
      atlas.parts.table?.drawing?.choose(feature.id); // a list that is still to come is told when it is there
    }
    atlas.trigger("picked", feature);
  };
  const pickedInTable = (id) => {
    atlas.picked = { layer, id };
    atlas.parts.map?.drawing.show(layer, id);
    atlas.trigger("picked", { layer, id });
  };
  const marked = (ids) => {
    atlas.parts.map?.drawing.mark(layer, ids);
    clearTimeout(atlas.waiting);
    atlas.waiting = setTimeout(() => atlas.state("marked", ids), 120);
  };
  // Said anew on every run, since what it does depends on what is shown now.
  atlas.tell = { pickedOnMap, pickedInTable, marked };
  const asked = JSON.stringify(said.picked);
  if (asked !== atlas.asked) {
    atlas.asked = asked;
    if (said.picked) atlas.picked = said.picked;
  }
  const pickAgain = (part) => atlas.picked && part.drawing.show(atlas.picked.layer, atlas.picked.id);
  // What the server asks to be marked holds at first: after that the reader's own hand does.
  const begin = () => {
    if (!said.table?.marking || !atlas.parts.table?.drawing) return;
    if (!atlas.begun) atlas.parts.table.drawing.setMarked(said.marked);
    if (!atlas.begun || mapChanged) atlas.parts.map?.drawing.mark(layer, atlas.parts.table.drawing.marked());
    atlas.begun = true;
  };

  const mapChanged = said.map && atlas.parts.map?.digest !== said.map.digest;
  if (mapChanged) {
    const before = atlas.parts.map;
    let view = null;
    if (before) {
      // The same place looked at in another light stays where it is.
      if (String(before.extent) === String(said.map.map.extent)) view = before.drawing.view();
      before.drawing.remove();
      before.settle(); // what waited to see it would wait for ever
    }
    atlas.sides.map.replaceChildren();
    const tell = (feature) => atlas.tell.pickedOnMap(feature);
    const part = takenOver(said.map.digest, atlas.sides.map);
    if (part) {
      Object.assign(part.addresses ?? {}, said.archive); // where they are to be had as long as this page is open
      part.tell = tell;
      if (part.picked) tell(part.picked);
    }
    atlas.parts.map = part ?? drawMap(atlas.sides.map, said.map, said.archive, tell, view);
    // What the reader picked on this very map is picked already: shown anew it would be brought near.
    if (!said.table?.marking && !part?.picked) pickAgain(atlas.parts.map);
  }
  if (said.table && atlas.parts.table?.digest !== said.table.digest) {
    const before = atlas.parts.table;
    const part = (atlas.parts.table = { digest: said.table.digest, layer, drawing: before?.drawing });
    const marks = before?.layer === layer ? before.drawing?.marked() ?? [] : [];
    const draw = (table) => {
      if (atlas.parts.table !== part || !mount.atlas) return;
      atlas.sides.table.replaceChildren();
      part.drawing = drawAtlasTable(make("", atlas.sides.table), table, {
        onPick: (id) => atlas.tell.pickedInTable(id),
        onMark: (ids) => atlas.tell.marked(ids),
      });
      if (marks.length) part.drawing.setMarked(marks);
      begin();
      if (atlas.picked?.layer === layer) part.drawing.choose(atlas.picked.id);
    };
    // The next run asks for it anew, and takes over the marks of the list before.
    const fail = () => {
      if (atlas.parts.table !== part || !mount.atlas) return;
      part.digest = null;
      atlas.sides.table.replaceChildren();
      const line = make("atlas-hint", atlas.sides.table, "p");
      line.setAttribute("role", "alert");
      line.textContent = said.table.failed;
    };
    // A list that has to be fetched, or whose map is not yet to be seen, can wait: what was there stays meanwhile.
    const later = mapChanged ? atlas.parts.map.seen : said.table.at ? near(mount) : null;
    const come = () => (said.table.at ? fetched(said.table.at) : said.table.table);
    if (!later) draw(said.table.table);
    else later.then(come).then(draw, fail);
  } else {
    begin();
  }
  atlas.leave = () => {
    atlas.parts.map?.drawing.remove();
    clearTimeout(atlas.waiting);
    delete mount.atlas;
  };
  return atlas.leave;
}
