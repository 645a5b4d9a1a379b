// Stands in for the script at `address` until that has come; what was asked last meanwhile is drawn then.

let draw = null;
const coming = import(new URL(address, document.baseURI).href).then((script) => { draw = script.default; });

export default function (asked) {
  if (draw) return draw(asked);
  const mount = asked.parentElement.querySelector(".atlas-mount");
  if (!mount) return undefined;
  mount.asked = asked;
  coming.then(
    () => { if (mount.asked === asked) draw(asked); },
    // The server was started anew with another version since this page was opened.
    () => { mount.textContent = "页面程序已更新，请刷新。 The app has changed: please reload the page."; },
  );
  return () => {
    mount.asked = null;
    mount.atlas?.leave();
  };
}
