// The one place where text of a file becomes part of a page: by textContent, never as markup.

const atlasText = (() => {
  const make = (tag, className, text, parent) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined && text !== null) node.textContent = text;
    if (parent) parent.appendChild(node);
    return node;
  };
  // Text of a file stands apart from its surroundings, so that a right-to-left mark in it turns nothing else round.
  const quote = (tag, className, text, parent) => {
    // A paragraph's end would end the isolation with it.
    const node = make(tag, className, text?.replace?.(/[\u2028\u2029]/g, " ") ?? text, parent);
    node.dir = "auto";
    node.classList.add("atlas-text");
    return node;
  };
  return { make, quote };
})();
