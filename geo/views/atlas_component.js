// The way into a map, a list, or both side by side from Streamlit: called again on every rerun, draws only
// what has changed. A click answers here and now; the server is told of it and need not answer.

// Where the tiles and the index of names are; both are fetched when they are needed.
const archiveAt = (addresses) => {
  const archive = atlasArchive(atlasArchive.onServer(new URL(addresses.tiles, document.baseURI)));
  let index = null;
  return {
    archive,
    index: () => (index ||= (async () => {
      const answer = await fetch(new URL(addresses.index, document.baseURI));
      return JSON.parse(new TextDecoder().decode(await archive.unzip(new Uint8Array(await answer.arrayBuffer()))));
    })()),
  };
};

export default function ({ parentElement, data, setTriggerValue, setStateValue }) {
  const mount = parentElement.querySelector(".atlas-mount");
  if (!mount || data === null || data === undefined) return undefined;
  const said = JSON.parse(typeof data === "string" ? data : new TextDecoder().decode(data));
  const atlas = (mount.atlas ||= { parts: {} });
  atlas.trigger = setTriggerValue;
  atlas.state = setStateValue;

  const make = (className, parent) => {
    const node = document.createElement("div");
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

  const layer = said.table?.table.layer;
  const pickedOnMap = (feature) => {
    atlas.picked = feature;
    if (feature.layer === layer) {
      if (said.table.table.marking) atlas.parts.table?.drawing.toggle(feature.id);
      atlas.parts.table?.drawing.choose(feature.id);
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

  const mapChanged = said.map && atlas.parts.map?.digest !== said.map.digest;
  if (mapChanged) {
    const before = atlas.parts.map;
    let view = null;
    if (before) {
      // The same place looked at in another light stays where it is.
      if (String(before.extent) === String(said.map.map.extent)) view = before.drawing.view();
      before.drawing.remove();
    }
    atlas.sides.map.replaceChildren();
    const place = make("atlas-place", atlas.sides.map);
    // At least as high as said; on a tall screen it takes its share of the height.
    place.style.height = `max(${said.map.height}px, 58vh)`;
    const legend = make("atlas-map", atlas.sides.map);
    legend.lang = said.map.map.language === "zh" ? "zh-CN" : "en";
    atlas.parts.map = { digest: said.map.digest, extent: said.map.map.extent };
    atlas.parts.map.drawing = drawAtlas(place, said.map.map, {
      untitled: true,
      legend,
      view,
      onPick: (feature) => atlas.tell.pickedOnMap(feature),
      ...(said.archive ? archiveAt(said.archive) : {}),
    });
  }
  const tableChanged = said.table && atlas.parts.table?.digest !== said.table.digest;
  if (tableChanged) {
    const kept = atlas.parts.table?.layer === layer ? atlas.parts.table.drawing.marked() : [];
    atlas.sides.table.replaceChildren();
    const place = make("", atlas.sides.table);
    atlas.parts.table = { digest: said.table.digest, layer };
    atlas.parts.table.drawing = drawAtlasTable(place, said.table.table, {
      onPick: (id) => atlas.tell.pickedInTable(id),
      onMark: (ids) => atlas.tell.marked(ids),
    });
    if (kept.length) atlas.parts.table.drawing.setMarked(kept);
  }
  // What the server asks to be marked or picked holds at first: after that the reader's own hand does.
  if (said.table?.table.marking) {
    if (!atlas.begun) atlas.parts.table.drawing.setMarked(said.marked);
    if (!atlas.begun || mapChanged) atlas.parts.map?.drawing.mark(layer, atlas.parts.table.drawing.marked());
    atlas.begun = true;
  }
  const asked = JSON.stringify(said.picked);
  if (asked !== atlas.asked) {
    atlas.asked = asked;
    if (said.picked) atlas.picked = said.picked;
  }
  if (atlas.picked && (mapChanged || tableChanged)) {
    const { layer: where, id } = atlas.picked;
    if (mapChanged && !said.table?.table.marking) atlas.parts.map.drawing.show(where, id);
    if (where === layer) atlas.parts.table?.drawing.choose(id);
  }
  atlas.leave = () => {
    atlas.parts.map?.drawing.remove();
    clearTimeout(atlas.waiting);
    delete mount.atlas;
  };
  return atlas.leave;
}
