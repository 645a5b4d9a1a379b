// Begins a page of tiles: from the data in the page, or from the file beside it, which a server gives piece by
// piece and which, on a page opened from disk, the reader has to choose, since no page may open a file by itself.

(() => {
  const text = (id) => document.getElementById(id)?.textContent;
  const description = JSON.parse(text("atlas-data"));
  const element = document.getElementById("map_atlas");
  const parts = atlasParts(description);
  const draw = (read) => {
    const archive = atlasArchive(read);
    let index = null;
    const unpacked = async () =>
      JSON.parse(new TextDecoder().decode(await archive.unzip(atlasArchive.fromBase64(text("atlas-index")))));
    window.map_atlas = drawAtlasTiles(maplibregl, element, description, { archive, index: () => (index ||= unpacked()) }).map;
  };
  const inside = text("atlas-tiles");
  if (inside) {
    draw(atlasArchive.inMemory(atlasArchive.fromBase64(inside)));
    return;
  }
  const name = description.beside;
  const say = (words) => words.replace("{}", name);
  if (location.protocol !== "file:") {
    const read = atlasArchive.onServer(new URL(encodeURIComponent(name), location.href));
    read(0, 127).then(() => draw(read), () => {
      const box = parts.quote("p", "atlas-failed", say(description.words.no_archive), element);
      box.setAttribute("role", "alert");
    });
    return;
  }
  const box = parts.make("div", "atlas-choose atlas-map", null, element);
  parts.quote("h1", "", description.title, box);
  const label = parts.quote("label", "", say(description.words.choose_file), box);
  const chooser = parts.make("input", "", null, label);
  chooser.type = "file";
  chooser.accept = ".pmtiles";
  chooser.addEventListener("change", () => {
    const [file] = chooser.files;
    if (!file) return;
    element.replaceChildren();
    draw(atlasArchive.inFile(file));
  });
})();
