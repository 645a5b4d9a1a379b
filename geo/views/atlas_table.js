// Draws a table (geo/views/listing.py) that is found, sorted, narrowed and picked in the browser, so that
// none of it waits for the server. Everything that comes from data reaches the page by textContent.

function drawAtlasTable(element, table, options = {}) {
  const AT_ONCE = 250;
  const CODE = /^[\w./-]{1,16}$/; // a number, a code or a word: it is read in one piece
  const words = table.words;
  const { make, quote } = atlasText;
  const fill = (text, ...values) => values.reduce((said, value) => said.replace("{}", value), text);

  element.classList.add("atlas-table");
  element.lang = table.language === "zh" ? "zh-CN" : "en";
  const bar = make("div", "atlas-tools", null, element);
  const find = make("input", "", null, bar);
  find.type = "search";
  find.placeholder = words.find;
  find.setAttribute("aria-label", words.find);
  const narrowed = new Map();
  table.filters.forEach((filter) => {
    const select = make("select", "", null, bar);
    select.setAttribute("aria-label", filter.title);
    make("option", "", fill(words.all, filter.title), select).value = "";
    filter.values.forEach((value, i) => {
      make("option", "", value, select).value = String(i);
    });
    select.addEventListener("change", () => {
      if (select.value === "") narrowed.delete(filter.column);
      else narrowed.set(filter.column, filter.values[Number(select.value)]);
      most = AT_ONCE;
      draw();
    });
  });
  const tally = make("span", "atlas-tally", null, bar);
  tally.setAttribute("role", "status");

  const said = make("div", "atlas-detail", null, element);
  said.setAttribute("role", "status");
  const frame = make("div", "atlas-rows", null, element);
  if (table.height) frame.style.maxHeight = `max(${table.height}px, 52vh)`;
  const sheet = make("table", "", null, frame);
  sheet.setAttribute("aria-label", table.title);
  const headRow = make("tr", "", null, make("thead", "", null, sheet));
  const body = make("tbody", "", null, sheet);
  const more = make("button", "atlas-more", null, frame);
  more.type = "button";

  let order = table.order ? { column: table.order[0], down: table.order[1] } : null;
  let most = AT_ONCE;
  let picked = null;
  let marked = new Set();
  let shown = [];
  const rows = table.rows.map((row) => ({
    ...row,
    text: [...row.cells.map((cell) => (Array.isArray(cell) ? cell[0] : cell)), row.find].join(" ").toLocaleLowerCase(),
  }));
  const byId = new Map(rows.map((row) => [row.id, row]));
  const lines = new Map();
  const shownText = (cell) => (Array.isArray(cell) ? cell[0] : cell);
  const sortedBy = (cell) => (Array.isArray(cell) ? cell[1] : cell);

  const tell = () => options.onMark && options.onMark([...marked]);
  const tickAll = table.marking ? make("input", "", null, make("th", "atlas-tick", null, headRow)) : null;
  if (tickAll) {
    tickAll.type = "checkbox";
    tickAll.setAttribute("aria-label", words.mark_all);
    tickAll.title = words.mark_all;
    tickAll.addEventListener("change", () => {
      shown.forEach((row) => (tickAll.checked ? marked.add(row.id) : marked.delete(row.id)));
      draw();
      tell();
    });
  }
  const heads = table.columns.map((column, i) => {
    const head = make("th", `atlas-is-${column.kind}`, null, headRow);
    head.scope = "col";
    const button = quote("button", "", column.title, head);
    button.type = "button";
    button.addEventListener("click", () => {
      order = order && order.column === i ? { column: i, down: !order.down } : { column: i, down: !["text", "prose"].includes(column.kind) };
      draw();
    });
    return head;
  });

  // A rate with its bounds: solid up to the lower bound, hatched to the upper, a line at the target.
  const range = ([, , low, high, mark], cell) => {
    const bar = make("div", "atlas-range", null, cell);
    bar.setAttribute("aria-hidden", "true");
    if (low === null || high === null) return;
    make("i", "low", null, bar).style.width = `${low * 100}%`;
    const gap = make("i", "gap", null, bar);
    gap.style.left = `${low * 100}%`;
    gap.style.width = `${(high - low) * 100}%`;
    if (mark !== null) make("i", "mark", null, bar).style.left = `${mark * 100}%`;
  };

  // A column to narrow rows by holds a few short words, which read better unbroken.
  const few = new Set(table.filters.map(({ column }) => column));
  const line = (row) => {
    const tr = make("tr");
    tr.dataset.id = row.id;
    tr.tabIndex = -1;
    if (table.marking) {
      const tick = make("input", "", null, make("td", "atlas-tick", null, tr));
      tick.type = "checkbox";
      tick.tabIndex = -1;
      tick.checked = marked.has(row.id);
      tick.setAttribute("aria-label", words.mark);
      tick.addEventListener("click", (event) => event.stopPropagation());
      tick.addEventListener("change", () => toggle(row.id));
    }
    row.cells.forEach((value, i) => {
      const { kind } = table.columns[i];
      const cell = make("td", `atlas-is-${kind}`, null, tr);
      if (few.has(i)) cell.classList.add("atlas-is-word");
      if (kind === "range") range(value, cell);
      if (kind === "chip") quote("span", `atlas-chip ${value[2]}`, value[0], cell);
      else {
        const text = shownText(value);
        quote("span", CODE.test(text) ? "atlas-is-code" : "", text, cell);
      }
    });
    tr.addEventListener("click", () => {
      choose(row.id);
      if (options.onPick) options.onPick(row.id);
    });
    return tr;
  };

  const toggle = (id) => {
    if (marked.has(id)) marked.delete(id);
    else marked.add(id);
    const tick = lines.get(id)?.querySelector("input");
    if (tick) tick.checked = marked.has(id);
    count();
    tell();
  };
  const count = () => {
    tally.textContent = fill(words.shown, shown.length.toLocaleString("en"), rows.length.toLocaleString("en"))
      + (table.marking ? ` · ${fill(words.marked, marked.size.toLocaleString("en"))}` : "");
    if (tickAll) tickAll.checked = shown.length > 0 && shown.every((row) => marked.has(row.id));
  };
  const draw = () => {
    const asked = find.value.trim().toLocaleLowerCase();
    shown = rows.filter((row) => (!asked || row.text.includes(asked))
      && [...narrowed].every(([column, value]) => shownText(row.cells[column]) === value));
    if (order) {
      const { column, down } = order;
      const empty = (value) => value === null || value === "";
      shown.sort((one, other) => {
        const a = sortedBy(one.cells[column]);
        const b = sortedBy(other.cells[column]);
        if (empty(a) || empty(b)) return empty(a) - empty(b); // what is not known comes last, either way
        const by = typeof a === "number" && typeof b === "number"
          ? a - b : String(a).localeCompare(String(b), table.language, { numeric: true });
        return down ? -by : by;
      });
    }
    heads.forEach((head, i) => {
      head.setAttribute("aria-sort", order && order.column === i ? (order.down ? "descending" : "ascending") : "none");
    });
    lines.clear();
    body.replaceChildren(...shown.slice(0, most).map((row) => {
      const tr = line(row);
      lines.set(row.id, tr);
      return tr;
    }));
    if (!shown.length) {
      const empty = make("td", "atlas-hint", words.none, make("tr", "", null, body));
      empty.colSpan = table.columns.length + (table.marking ? 1 : 0);
    }
    more.hidden = shown.length <= most;
    more.textContent = fill(words.more, (shown.length - most).toLocaleString("en"));
    count();
    paint(false);
  };
  const paint = (scroll) => {
    lines.forEach((tr, id) => {
      const is = id === picked;
      tr.setAttribute("aria-selected", String(is));
      tr.tabIndex = -1;
      if (is && scroll) {
        frame.scrollTop = tr.offsetTop - frame.clientHeight / 2;
      }
    });
    const reached = lines.get(picked) || body.firstChild;
    if (reached) reached.tabIndex = 0;
    said.hidden = !(table.hint || picked);
    const row = byId.get(picked);
    said.replaceChildren();
    if (row) {
      if (row.detail) quote("span", "", row.detail, said);
      else said.hidden = true;
    } else if (table.hint) make("span", "atlas-hint", table.hint, said);
  };
  const choose = (id, scroll = false) => {
    if (!byId.has(id)) return false;
    picked = id;
    if (!lines.has(id) && shown.includes(byId.get(id))) {
      most = shown.indexOf(byId.get(id)) + 1;
      draw();
    }
    paint(scroll);
    return true;
  };

  let waiting = 0;
  find.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      most = AT_ONCE;
      draw();
    }, 60);
  });
  more.addEventListener("click", () => {
    most += AT_ONCE * 4;
    draw();
  });
  // One stop of the Tab key for all rows; arrows move, Enter picks, the space bar marks.
  body.addEventListener("keydown", (event) => {
    const tr = event.target.closest("tr");
    if (!tr) return;
    const next = { ArrowDown: tr.nextElementSibling, ArrowUp: tr.previousElementSibling,
      Home: body.firstElementChild, End: body.lastElementChild }[event.key];
    if (next) {
      tr.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    } else if (event.key === "Enter") tr.click();
    else if (event.key === " " && table.marking) toggle(tr.dataset.id);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  draw();

  return {
    choose: (id) => choose(id, true),
    has: (id) => byId.has(id),
    toggle,
    setMarked: (ids) => {
      marked = new Set(ids);
      draw();
    },
    marked: () => [...marked],
  };
}
