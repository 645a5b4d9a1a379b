// Words of Streamlit's own for which it has no setting, said to this page's reader: the names that whoever has the
// page read out hears (the style sheet zh.css says those that are seen), and what a page says that has lost its
// server. The language is the one in the address, which a reader may change without another page being opened.

(() => {
  const NAMES = {
    "App pages": "页面导航",
    "Choose an option": "请选择",
    "Clear value": "清除",
    "Close": "关闭",
    "Collapse sidebar": "收起页面导航",
    "Decrement": "减小",
    "Dismiss": "关闭",
    "Expand sidebar": "展开页面导航",
    "Increment": "增大",
    "Open": "展开",
    "Running...": "正在运行",
    "Sidebar": "页面导航",
    "file upload": "选取文件",
    "progress": "进度",
  };
  const LOST = {
    "Connection error": ["与服务器的连接中断", "The server does not answer"],
    "Is Streamlit still running? If you accidentally stopped Streamlit, just restart it in your terminal:": [
      "服务器恢复后，本页自动继续。如长时间没有恢复，请联系服务器的管理者重新启动：",
      "As soon as it does, this page goes on by itself. If it stays away, ask whoever runs the server to start it again:",
    ],
    "streamlit run yourscript.py": ["atlas app", "atlas app"],
    "Streamlit server is not responding. Are you connected to the internet?": [
      "服务器恢复后，本页自动继续。如长时间没有恢复，请检查网络，或联系服务器的管理者。",
      "As soon as it does, this page goes on by itself. If it stays away, look whether this computer is connected, or ask whoever runs the server.",
    ],
  };
  const ATTRIBUTES = ["aria-label", "placeholder", "title"];
  const HAVE_THEM = ATTRIBUTES.map((name) => `[${name}]`).join();
  const STATE = "data-test-script-state"; // at the end of a run the address is what it will be
  const theirs = new WeakMap(); // node -> attribute -> what Streamlit had said
  let english = null;

  const name = (node) => ATTRIBUTES.forEach((attribute) => {
    const now = node.getAttribute(attribute);
    const before = theirs.get(node)?.[attribute];
    const said = before !== undefined && now === NAMES[before] ? before : now;
    if (said === null || !Object.hasOwn(NAMES, said)) return;
    theirs.set(node, { ...theirs.get(node), [attribute]: said });
    const wanted = english ? said : NAMES[said];
    if (wanted !== now) node.setAttribute(attribute, wanted);
  });
  const tell = (dialog) => {
    const texts = document.createTreeWalker(dialog, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const { data } = texts.currentNode;
      if (Object.hasOwn(LOST, data)) texts.currentNode.data = LOST[data][english ? 1 : 0];
    }
  };
  const look = (root) => {
    if (root.matches?.(HAVE_THEM)) name(root);
    root.querySelectorAll(HAVE_THEM).forEach(name);
  };
  new MutationObserver((changes) => {
    const now = new URLSearchParams(location.search).get("lang") === "en";
    if (now !== english) {
      english = now;
      document.documentElement.lang = english ? "en" : "zh-CN";
      look(document);
    } else changes.forEach(({ type, target, addedNodes }) => {
      if (type === "attributes") name(target);
      else addedNodes.forEach((node) => node.nodeType === Node.ELEMENT_NODE && look(node));
    });
    document.querySelectorAll("[data-testid=stDialog]").forEach(tell);
  }).observe(document, { attributeFilter: [...ATTRIBUTES, STATE], childList: true, subtree: true });
})();
