// Reads tiles from a PMTiles archive (version 3), wherever its bytes are: in memory, in a file that the reader
// chose, or on the page's own server. `read(offset, length)` gives a promise of a Uint8Array.

function atlasArchive(read) {
  const unzip = async (bytes) => {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  };
  const plainly = (bytes, compression) => {
    if (compression === 1) return bytes;
    if (compression === 2) return unzip(bytes);
    throw new Error(`archive: compression ${compression}`);
  };

  // A directory: how many entries, then their ids (as steps), run lengths, lengths and offsets, all as varints.
  const directory = (bytes) => {
    let at = 0;
    const next = () => {
      let value = 0;
      let factor = 1;
      for (;;) {
        const byte = bytes[at++];
        value += (byte & 127) * factor;
        if (byte < 128) return value;
        factor *= 128;
      }
    };
    const entries = Array.from({ length: next() }, () => ({ id: 0, run: 0, length: 0, offset: 0 }));
    let id = 0;
    for (const entry of entries) entry.id = id += next();
    for (const entry of entries) entry.run = next();
    for (const entry of entries) entry.length = next();
    entries.forEach((entry, i) => {
      const said = next();
      entry.offset = said === 0 ? entries[i - 1].offset + entries[i - 1].length : said - 1;
    });
    return entries;
  };
  const find = (entries, id) => {
    let low = 0;
    let high = entries.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      if (entries[middle].id <= id) low = middle + 1; else high = middle - 1;
    }
    const entry = entries[high];
    return entry && (entry.run === 0 || id < entry.id + entry.run) ? entry : null;
  };

  // Tiles are numbered along a Hilbert curve, zoom by zoom.
  const number = (z, x, y) => {
    let id = (4 ** z - 1) / 3;
    for (let side = 2 ** (z - 1); side >= 1; side /= 2) {
      const rx = x & side ? 1 : 0;
      const ry = y & side ? 1 : 0;
      id += side * side * ((3 * rx) ^ ry);
      if (ry === 0) {
        if (rx === 1) {
          x = side - 1 - (x & (side - 1));
          y = side - 1 - (y & (side - 1));
        }
        [x, y] = [y, x];
      }
      x &= side - 1;
      y &= side - 1;
    }
    return id;
  };

  const begun = (async () => {
    const bytes = await read(0, 127);
    const view = new DataView(bytes.buffer, bytes.byteOffset, 127);
    const long = (at) => Number(view.getBigUint64(at, true));
    if (String.fromCharCode(...bytes.subarray(0, 7)) !== "PMTiles" || bytes[7] !== 3) throw new Error("archive: not one");
    const header = {
      leaves: long(40), data: long(56), inside: bytes[97], tiles: bytes[98], least: bytes[100], most: bytes[101],
    };
    const root = directory(await plainly(await read(long(8), long(16)), header.inside));
    return { header, root };
  })();
  const kept = new Map(); // leaf directories by offset
  const leaf = (header, entry) => {
    if (!kept.has(entry.offset)) {
      kept.set(entry.offset, (async () =>
        directory(await plainly(await read(header.leaves + entry.offset, entry.length), header.inside)))());
    }
    return kept.get(entry.offset);
  };

  return {
    zooms: async () => {
      const { header } = await begun;
      return [header.least, header.most];
    },
    // The tile's bytes, unpacked; null where there is none.
    tile: async (z, x, y) => {
      const { header, root } = await begun;
      const id = number(z, x, y);
      let entry = find(root, id);
      for (let depth = 0; entry && entry.run === 0 && depth < 3; depth += 1) entry = find(await leaf(header, entry), id);
      if (!entry || entry.run === 0) return null;
      return plainly(await read(header.data + entry.offset, entry.length), header.tiles);
    },
    unzip,
  };
}

// Ways to read: bytes in memory, a file of the reader's, the page's own server.
atlasArchive.inMemory = (bytes) => async (offset, length) => bytes.subarray(offset, offset + length);
atlasArchive.inFile = (file) => async (offset, length) =>
  new Uint8Array(await file.slice(offset, offset + length).arrayBuffer());
atlasArchive.onServer = (address) => {
  let whole = null; // a server that knows no ranges sends everything, once
  return async (offset, length) => {
    if (whole) return (await whole).subarray(offset, offset + length);
    const answer = await fetch(address, { headers: { Range: `bytes=${offset}-${offset + length - 1}` } });
    if (!answer.ok) throw new Error(`archive: ${answer.status}`);
    const bytes = new Uint8Array(await answer.arrayBuffer());
    if (answer.status === 206) return bytes;
    whole = Promise.resolve(bytes);
    return bytes.subarray(offset, offset + length);
  };
};
atlasArchive.fromBase64 = (text) => {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i += 1) bytes[i] = raw.charCodeAt(i);
  return bytes;
};
