// Keeps a map of tiles smooth where every pixel of a picture costs (a computer that draws WebGL without a graphics
// card): while it moves it is drawn with fewer pixels, and sharp again as soon as it rests. Where pictures
// come quickly anyway nothing is ever drawn coarser.

function atlasPace(map) {
  const SHARP_MS = 25; // a picture that takes longer to draw will not keep up with a moving hand
  const FRAME_MS = 110;
  const REST_MS = 150;
  const SHARES = [1, 0.5, 0.34]; // of the pixels along each side
  const sharp = map.getPixelRatio();
  let step = 0;
  let moving = false;
  let turning = false; // our own change of the number of pixels is told as a movement too
  let last = null;
  let late = 0;
  let resting = null;

  const pixels = (ratio) => {
    if (map.getPixelRatio() === ratio) return;
    turning = true;
    map.setPixelRatio(ratio);
    turning = false;
  };
  const sharpen = () => {
    clearTimeout(resting);
    resting = null;
    if (map.getPixelRatio() === sharp) return;
    pixels(sharp);
    map.redraw(); // at once, or an empty picture would be seen
  };
  const measure = () => {
    const gl = map.getCanvas().getContext("webgl2") || map.getCanvas().getContext("webgl");
    if (!gl) return;
    const begun = performance.now();
    map.redraw();
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4)); // waits until it is drawn
    if (performance.now() - begun > SHARP_MS) step = Math.max(step, 1);
  };

  map.once("idle", () => requestAnimationFrame(() => map.getCanvas().isConnected && measure()));
  map.on("movestart", () => {
    if (turning) return;
    clearTimeout(resting);
    moving = true;
    last = null;
    if (step) {
      pixels(sharp * SHARES[step]);
      map.triggerRepaint();
    }
  });
  map.on("moveend", () => {
    if (!turning) moving = false;
  });
  map.on("render", () => {
    if (!moving) return;
    const now = performance.now();
    late = last !== null && now - last > FRAME_MS ? late + 1 : 0;
    last = now;
    if (late < 2 || step + 1 === SHARES.length) return;
    late = 0;
    step += 1;
    requestAnimationFrame(() => {
      if (!moving) return;
      pixels(sharp * SHARES[step]);
      map.triggerRepaint();
    });
  });
  map.on("idle", () => {
    clearTimeout(resting);
    if (!moving && map.getPixelRatio() !== sharp) resting = setTimeout(sharpen, REST_MS);
  });
  return { sharpen, stop: () => clearTimeout(resting) };
}
