// Draws the map of a page before Streamlit is ready, where the page itself says which it will be (geo/app/ahead.py).
// It is the map itself, not a picture of it: what comes from Streamlit takes it over as the reader then has it.

const PATIENCE_MS = 60000;
const LOOK_MS = 200;
const LOOKS_AFTER_THE_END = 5;
const HELD_UP_MS = 1000;

export async function ahead(said) {
  const host = document.createElement("div");
  host.id = AHEAD;
  // As Streamlit's page has it: its margins, the gap between its rows, its letters. Widgets may come beneath.
  host.style.cssText = `color: #1b1b1b; display: flex; flex-direction: column; font: 1rem/1.6 ${said.font}; gap: .7rem;
    left: 1.6rem; pointer-events: none; position: fixed; right: 1.6rem; top: 3.4rem; z-index: 1;`;
  const ground = getComputedStyle(document.body).backgroundColor;
  // Their words stand in the page, written by the server as all of Streamlit's pages' are.
  const rows = document.getElementById("atlas-above").content.children;
  said.above.forEach((row, number) => {
    const line = make("", host);
    line.style.cssText = `display: grid; align-content: end; min-height: ${row.least_px}px;`;
    const words = make("", line);
    words.append(...rows[number].cloneNode(true).childNodes);
    words.style.cssText = `background: ${words.hasChildNodes() ? ground : "none"}; width: ${row.width};`;
  });
  const frame = make("atlas-ahead-frame", host);
  frame.style.cssText = `pointer-events: auto; width: ${said.width};`;
  const root = frame.attachShadow({ mode: "open" });
  make("", root, "style").textContent = atlasStyle;
  const mount = make("atlas-mount", root);
  mount.classList.toggle("atlas-both", said.both);
  const side = make("atlas-side atlas-side-map", mount);
  document.body.appendChild(host);
  // Nobody takes it over where the page turns out to be another, or the server does not answer. As long as nothing
  // of Streamlit's has come, there is nothing that it could be in the way of, however slow the network is.
  const page = location.pathname;
  let begun = null;
  let ended = 0; // looks since Streamlit's page was whole, with a fault told in the map's place perhaps
  const watch = setInterval(() => {
    ended = document.querySelector("[data-test-script-state=notRunning]") ? ended + 1 : 0;
    if (document.querySelector("#root > *")) begun ??= performance.now();
    const coming = ended < LOOKS_AFTER_THE_END && (begun === null || performance.now() - begun < PATIENCE_MS);
    if (host.isConnected && location.pathname === page && coming) return;
    clearInterval(watch);
    if (host.isConnected) leaveAhead();
  }, LOOK_MS);
  try {
    const answer = await fetch(new URL(said.at, document.baseURI));
    if (!answer.ok) throw new Error(`${said.at}: ${answer.status}`);
    const map = await answer.json();
    if (!host.isConnected) return;
    host.atlas = drawMap(side, { digest: said.digest, height: said.height, map }, said.archive, (feature) => {
      host.atlas.picked = feature;
    });
    await Promise.race([host.atlas.seen, new Promise((resolve) => setTimeout(resolve, HELD_UP_MS))]);
  } catch {
    host.remove(); // it comes the usual way
  }
}
