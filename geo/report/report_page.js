// Makes the report's tables sort by a heading and filter by words. Runs in the report's own page only.
(function () {
  "use strict";
  const page = JSON.parse(document.getElementById("atlas-words").textContent);
  const value = (row, place) => {
    const cell = row.cells[place];
    const raw = cell.dataset.v;
    return raw === undefined ? cell.textContent : Number(raw);
  };
  const order = (a, b) => {
    if (typeof a === "number" && typeof b === "number") return a - b;
    if (typeof a === "number") return 1; // what has no figure comes first, and never between figures
    if (typeof b === "number") return -1;
    return a < b ? -1 : a > b ? 1 : 0;
  };
  for (const table of document.querySelectorAll("table.report")) {
    const body = table.tBodies[0];
    const heads = Array.from(table.tHead.rows[0].cells);
    heads.forEach((head, place) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      button.title = page.sort;
      head.textContent = "";
      head.appendChild(button);
      button.addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") !== "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const rows = Array.from(body.rows);
        rows.sort((a, b) => order(value(a, place), value(b, place)) * (up ? 1 : -1));
        body.append(...rows);
      });
    });
    if (body.rows.length > 16) {
      const filter = document.createElement("input");
      filter.type = "search";
      filter.placeholder = page.filter;
      filter.setAttribute("aria-label", page.filter);
      table.parentNode.insertBefore(filter, table);
      filter.addEventListener("input", () => {
        const wanted = filter.value.trim().toLowerCase();
        for (const row of body.rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
      });
    }
  }
})();
