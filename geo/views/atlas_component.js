// The way into the map from Streamlit: called again on every rerun, draws only what has changed.

export default function ({ parentElement, data, setTriggerValue }) {
  const mount = parentElement.querySelector(".atlas-mount");
  if (!mount || data === null || data === undefined) return undefined;
  const said = JSON.parse(typeof data === "string" ? data : new TextDecoder().decode(data));
  const before = mount.atlas;
  if (before && before.digest === said.digest) {
    before.tell = setTriggerValue;
    return before.leave;
  }
  let view = null;
  if (before) {
    // The same place looked at in another light stays where it is.
    if (String(before.extent) === String(said.map.extent)) view = before.drawing.view();
    before.drawing.remove();
  }
  mount.replaceChildren();
  const place = document.createElement("div");
  place.style.height = `${said.height}px`;
  const legend = document.createElement("div");
  legend.className = "atlas-map";
  legend.lang = said.map.language === "zh" ? "zh-CN" : "en";
  mount.append(place, legend);
  const now = { digest: said.digest, extent: said.map.extent, tell: setTriggerValue };
  mount.atlas = now;
  now.drawing = drawAtlasMap(L, place, said.map, {
    untitled: true,
    legend,
    view,
    onPick: (feature) => now.tell("picked", feature),
  });
  now.leave = () => {
    if (mount.atlas === now) {
      now.drawing.remove();
      delete mount.atlas;
    }
  };
  return now.leave;
}
