// Keeps a map of tiles smooth where every pixel of a picture costs (a computer that draws WebGL without a graphics
// card): its first picture is made once, when all that belongs to it is there, and while it moves it is drawn with
// fewer pixels, and sharp as soon as it rests. Where pictures come quickly it is always sharp.

function atlasFirstPicture(map) {
  const PATIENCE_MS = 1500; // after that what there is, is shown as it comes
  const { painter } = map;
  const paint = painter?.render;
  if (typeof paint !== "function") return;
  let pictures = 0;
  let held = true;
  painter.render = (...said) => {
    // The empty picture with which it begins tells the painter the style, without which tiles that come are left out.
    if (pictures && held && !(map.isStyleLoaded() && map.areTilesLoaded())) return;
    if (pictures) {
      held = false;
      painter.render = paint;
    }
    pictures += 1;
    paint.apply(painter, said);
  };
  setTimeout(() => {
    if (!held) return;
    held = false;
    map.triggerRepaint();
  }, PATIENCE_MS);
}

function atlasPace(map) {
  const SHARP_MS = 40; // a sharp picture that takes longer will not keep up with a moving hand
  const FRAME_MS = 110;
  const REST_MS = 150;
  const SHARES = [1, 0.5, 0.34]; // of the pixels along each side
  const sharp = () => window.devicePixelRatio || 1;
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
    if (map.getPixelRatio() === sharp()) return;
    pixels(sharp());
    map.redraw(); // at once, or an empty picture would be seen
  };
  // How long a sharp picture takes, without keeping the page waiting for it.
  const measure = () => {
    const gl = map.getCanvas().getContext("webgl2");
    if (!gl) return;
    const begun = performance.now();
    const done = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    gl.flush();
    const look = () => {
      const state = gl.isContextLost() ? gl.SIGNALED : gl.getSyncParameter(done, gl.SYNC_STATUS);
      if (state !== gl.SIGNALED && performance.now() - begun < 10 * SHARP_MS) setTimeout(look, 4);
      else if (performance.now() - begun > SHARP_MS) step = Math.max(step, 1);
    };
    look();
  };

  map.once("idle", () => requestAnimationFrame(() => {
    if (!map.getCanvas().isConnected) return;
    sharpen();
    measure();
  }));
  map.on("movestart", () => {
    if (turning) return;
    clearTimeout(resting);
    moving = true;
    last = null;
    if (step) {
      pixels(sharp() * SHARES[step]);
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
      pixels(sharp() * SHARES[step]);
      map.triggerRepaint();
    });
  });
  map.on("idle", () => {
    clearTimeout(resting);
    moving = false; // the end of a turn of the wheel may come while we change the pixels, and is not told as one then
    if (map.getPixelRatio() !== sharp()) resting = setTimeout(sharpen, REST_MS);
  });
  return { sharpen, stop: () => clearTimeout(resting) };
}
