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

// Where the tiles and the index of names are; both are fetched when they are needed.
const archiveAt = (addresses) => {
  const archive = atlasArchive(atlasArchive.onServer(new URL(addresses.tiles, document.baseURI)));
  let index = null;
  return {
    archive,
    index: () => (index ||= fetched(addresses.index)),
  };
};

export default function ({ parentElement, data, setTriggerValue, setStateValue }) {
  const mount = parentElement.querySelector(".atlas-mount");
  if (!mount || data === null || data === undefined) return undefined;
  const said = JSON.parse(typeof data === "string" ? data : new TextDecoder().decode(data));
  const atlas = (mount.atlas ||= { parts: {} });
  atlas.trigger = setTriggerValue;
  atlas.state = setStateValue;

  const make = (className, parent, tag = "div") => {
    const node = document.createElement(tag);
    node.className = className;
    parent.appendChild(node);
    return node;
  };
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
    const place = make("atlas-place", atlas.sides.map);
    // At least as high as said; on a tall screen it takes its share of the height.
    place.style.height = `max(${said.map.height}px, 58vh)`;
    const legend = make("atlas-map", atlas.sides.map);
    legend.lang = said.map.map.language === "zh" ? "zh-CN" : "en";
    const part = (atlas.parts.map = { digest: said.map.digest, extent: said.map.map.extent });
    part.seen = new Promise((resolve) => {
      part.settle = resolve;
      part.drawing = drawAtlas(place, said.map.map, {
        untitled: true,
        legend,
        view,
        onPick: (feature) => atlas.tell.pickedOnMap(feature),
        onDrawn: resolve,
        ...(said.archive ? archiveAt(said.archive) : {}),
      });
    });
    if (!said.table?.marking) pickAgain(atlas.parts.map);
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
