"use strict";
// The settings of a trial in words, from its line on the leaderboard.
const settingsOf = (() => {
  const lines = new Map();
  return (trial) => {
    const board = document.getElementById("board");
    if (!board) return "";
    if (!lines.size) for (const row of board.tBodies[0].rows) lines.set(row.dataset.trial, row);
    const row = lines.get(String(trial)), names = board.tHead.rows[0].cells, words = [];
    for (let at = +board.dataset.first; row && at < names.length; at++)
      if (row.cells[at].textContent) words.push(`${names[at].textContent} ${row.cells[at].textContent}`);
    return words.join(" · ");
  };
})();
// A layer of its own over a drawing: in the drawing, all lines would be painted anew for each that is pointed at.
const layerOver = (svg) => {
  const layers = document.createElement("div"), over = svg.cloneNode(false);
  layers.className = "layers";
  svg.before(layers);
  ["id", "role", "aria-label", "aria-labelledby"].forEach((name) => over.removeAttribute(name));
  over.setAttribute("aria-hidden", "true");
  layers.append(svg, over);
  return over;
};
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];

  // Light and dark.
  const toggle = document.getElementById("theme");
  const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const told = () => { toggle.textContent = dark() ? "Light" : "Dark"; };
  toggle.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; told(); });
  told();

  // The leaderboard is sorted by a click on a heading.
  const board = document.getElementById("board");
  const shown = 15;
  const sortBy = (heading) => {
    const column = heading.cellIndex, down = heading.getAttribute("aria-sort") === "ascending";
    const key = (row) => row.cells[column].dataset.v ?? row.cells[column].textContent;
    const order = (a, b) => {
      const [x, y] = [key(a), key(b)];
      if ((x === "") !== (y === "")) return x === "" ? 1 : -1;
      const difference = x !== "" && !isNaN(x) && !isNaN(y) ? x - y : x.localeCompare(y, undefined, { numeric: true });
      return down ? -difference : difference;
    };
    const rows = all("tbody tr", board).sort(order);
    rows.forEach((row, at) => row.classList.toggle("more", at >= shown));
    board.tBodies[0].append(...rows);
    all("th", board).forEach((other) => other.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
  };
  if (board) all("th button", board).forEach((button) => button.addEventListener("click", () => sortBy(button.parentElement)));

  // The command goes to the clipboard.
  const copy = document.getElementById("copy");
  copy.addEventListener("click", async () => {
    const command = document.getElementById("command");
    try {
      await navigator.clipboard.writeText(command.textContent);
      copy.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(command);
      copy.textContent = "Selected";
    }
  });

  // Curves: the page's picture is drawn anew at its true width, and whenever it is zoomed.
  const island = document.getElementById("curves-data");
  if (!island) return;
  const data = JSON.parse(island.textContent);
  const box = document.getElementById("curves"), svg = box.querySelector("svg"), tip = document.getElementById("tip");
  const home = () => ({ x: [...data.x], y: [...data.y], log: data.log });
  let view = home(), field = null, lines = [], points = [], hot = -1, drag = null;
  const text = (value) => {
    if (value === null || value === undefined || !isFinite(value)) return "–";
    const size = Math.abs(value);
    return size !== 0 && (size < 1e-3 || size >= 1e6) ? value.toExponential(2).replace(".00e", "e").replace("e+", "e") : String(+value.toPrecision(4));
  };
  const ticks = (low, high, log, about) => {
    if (log) {
      const found = [];
      for (let d = Math.floor(Math.log10(low)); d <= Math.log10(high); d++)
        for (const factor of [1, 2, 5]) if (factor * 10 ** d >= low && factor * 10 ** d <= high) found.push(factor * 10 ** d);
      if (found.length >= 3) return found.filter((_, at) => at % Math.ceil(found.length / (about + 2)) === 0);
    }
    const rough = (high - low) / about, power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough * 0.99) || rough;
    const found = [];
    for (let at = Math.ceil(low / step); at <= high / step && found.length < 50; at++) found.push(at * step);
    return found;
  };
  const make = (name, attributes, content) => {
    const node = document.createElementNS(svg.namespaceURI, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (content !== undefined) node.textContent = content;
    return node;
  };
  const over = layerOver(svg), clipped = make("g", { "clip-path": "url(#curves-field)" });
  const above = make("path", { d: "" }), spot = make("circle", { id: "spot", class: "mark", r: 4.5, visibility: "hidden" });
  clipped.append(above);
  over.append(clipped, spot);
  const scale = (value, [low, high], log) => log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  const atX = (value) => field.left + scale(value, view.x, false) * (field.right - field.left);
  const atY = (value) => field.bottom - scale(value, view.y, view.log) * (field.bottom - field.top);
  const toX = (place) => view.x[0] + (place - field.left) / (field.right - field.left) * (view.x[1] - view.x[0]);
  const toY = (place) => {
    const share = (field.bottom - place) / (field.bottom - field.top), [low, high] = view.y;
    return view.log ? low * (high / low) ** share : low + share * (high - low);
  };
  const path = (epochs, values) => {
    let d = "", pen = "M", drawn = 0;
    epochs.forEach((epoch, at) => {
      const value = values[at];
      if (value === null || (view.log && value <= 0)) { pen = "M"; return; }
      const y = Math.max(-1e5, Math.min(1e5, atY(value)));
      d += pen + atX(epoch).toFixed(1) + " " + y.toFixed(1);
      pen = "L"; drawn++;
    });
    return drawn === 1 ? d + "h3" : d;
  };
  const draw = () => {
    const width = Math.max(260, box.clientWidth), height = Math.round(Math.max(270, Math.min(430, width * 0.5)));
    const yTicks = ticks(...view.y, view.log, height / 62);
    const widest = Math.max(...yTicks.map((tick) => text(tick).length), 2) * 6.8;
    field = { left: Math.ceil(widest + 32), right: width - 12, top: 10, bottom: height - 44 };
    const keep = all("title, desc, clipPath", svg).filter((node) => node.parentNode === svg);
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.replaceChildren(...keep);
    const clip = svg.querySelector("clipPath rect");
    for (const [key, value] of Object.entries({ x: field.left, y: field.top, width: field.right - field.left, height: field.bottom - field.top })) clip.setAttribute(key, value);
    for (const tick of ticks(...view.x, false, Math.max(3, width / 95))) {
      const x = atX(tick).toFixed(1);
      svg.append(make("path", { class: "grid", d: `M${x} ${field.top}V${field.bottom}` }), make("text", { class: "tick", x, y: field.bottom + 17, "text-anchor": "middle" }, text(tick)));
    }
    for (const tick of yTicks) {
      const y = atY(tick);
      svg.append(make("path", { class: "grid", d: `M${field.left} ${y.toFixed(1)}H${field.right}` }), make("text", { class: "tick", x: field.left - 7, y: (y + 4.2).toFixed(1), "text-anchor": "end" }, text(tick)));
    }
    const inside = make("g", { "clip-path": "url(#curves-field)" });
    lines = data.curves.map((curve) => {
      const best = curve.n === data.best;
      if (best && curve.t) inside.append(make("path", { class: "best training", d: path(curve.e, curve.t) }));
      const line = make("path", { class: best ? "best" : curve.s === "complete" ? "loser" : "loser gone", d: path(curve.e, curve.y) });
      inside.append(line);
      if (best) {
        const low = curve.y.reduce((low, value, at) => value !== null && (low < 0 || value < curve.y[low]) ? at : low, -1);
        if (low >= 0 && (!view.log || curve.y[low] > 0)) inside.append(make("circle", { class: "mark", cx: atX(curve.e[low]).toFixed(1), cy: atY(curve.y[low]).toFixed(1), r: 4 }));
      }
      return line;
    });
    const frame = make("rect", { id: "zoom", class: "zoom", visibility: "hidden" });
    const middle = (field.top + field.bottom) / 2;
    svg.append(inside, make("path", { class: "axis", d: `M${field.left} ${field.top}V${field.bottom}H${field.right}` }),
      make("text", { class: "label", x: (field.left + field.right) / 2, y: height - 8, "text-anchor": "middle" }, "epoch"),
      make("text", { class: "label", transform: `translate(13 ${middle}) rotate(-90)`, "text-anchor": "middle" }, "loss"), frame);
    over.setAttribute("viewBox", svg.getAttribute("viewBox"));
    const seen = (value) => value !== null && !(view.log && value <= 0);
    points = data.curves.map((curve) => curve.y.map((value, at) => seen(value) ? [atX(curve.e[at]), atY(value)] : null));
    box.dataset.view = JSON.stringify(view);
    light(hot);
  };
  const light = (at) => {
    const line = lines[at];
    above.setAttribute("d", line ? line.getAttribute("d") : "");
    above.setAttribute("class", line ? `${line.getAttribute("class")} hot` : "");
    hot = at;
  };
  const hush = () => { light(-1); tip.hidden = true; spot.setAttribute("visibility", "hidden"); };
  const place = (event) => {
    const frame = svg.getBoundingClientRect(), [, , width] = svg.getAttribute("viewBox").split(" ");
    const unit = width / frame.width;
    return [(event.clientX - frame.left) * unit, (event.clientY - frame.top) * unit];
  };
  const nearest = (x, y) => {
    let found = null, least = 28 ** 2;
    points.forEach((curve, at) => curve.forEach((place, point) => {
      if (!place) return;
      const distance = (place[0] - x) ** 2 + (place[1] - y) ** 2;
      // The best trial is drawn on top and wins a tie.
      if (distance <= least) { least = distance; found = { at, point }; }
    }));
    return found;
  };
  const tell = (found) => {
    const curve = data.curves[found.at], [x, y] = points[found.at][found.point];
    if (found.at !== hot) light(found.at);
    spot.setAttribute("cx", x); spot.setAttribute("cy", y); spot.setAttribute("visibility", "visible");
    const line = (content, bold) => { const node = document.createElement(bold ? "b" : "span"); node.textContent = content; return node; };
    const training = curve.t ? `, training ${text(curve.t[found.point])}` : "";
    tip.replaceChildren(line(`Trial ${curve.n}${curve.n === data.best ? ", the best" : curve.s === "complete" ? "" : ", " + curve.s}`, true),
      line(`epoch ${curve.e[found.point]}: ${data.rows} ${text(curve.y[found.point])}${training}`),
      line(`${data.metric} ${text(curve.v)}`), line(settingsOf(curve.n)));
    tip.hidden = false;
    const frame = svg.getBoundingClientRect(), unit = frame.width / svg.getAttribute("viewBox").split(" ")[2];
    const left = x * unit + 14 + tip.offsetWidth > frame.width ? x * unit - tip.offsetWidth - 14 : x * unit + 14;
    tip.style.left = `${Math.max(0, left)}px`;
    tip.style.top = `${Math.max(0, y * unit - tip.offsetHeight / 2)}px`;
  };
  const zoomTo = (x, y) => {
    if (!(x[1] - x[0] > 1e-9) || !(y[1] > y[0])) return;
    view = { x, y, log: view.log };
    hush(); draw();
  };
  const zoomBy = (factor, x, y) => {
    const around = (center, [low, high]) => [center - (center - low) * factor, center + (high - center) * factor];
    if (view.log) {
      const [low, high] = around(Math.log(y), view.y.map(Math.log));
      zoomTo(around(x, view.x), [Math.exp(low), Math.exp(high)]);
    } else zoomTo(around(x, view.x), around(y, view.y));
  };
  const center = () => [toX((field.left + field.right) / 2), toY((field.top + field.bottom) / 2)];
  const reset = () => { const log = view.log; view = home(); if (view.log !== log) setLog(log); hush(); draw(); };
  const setLog = (log) => {
    view.log = log;
    if (!log) return;
    const positive = data.curves.flatMap((curve) => curve.y).filter((value) => value > 0);
    if (!positive.length) { view.log = false; return; }
    const low = positive.reduce((a, b) => Math.min(a, b));
    if (view.y[0] <= 0) view.y[0] = low / 1.08;
    if (view.y[1] <= view.y[0]) view.y[1] = view.y[0] * 10;
  };
  svg.addEventListener("pointermove", (event) => {
    const [x, y] = place(event);
    if (drag) {
      const frame = svg.querySelector("#zoom");
      const at = { x: Math.min(x, drag[0]), y: Math.min(y, drag[1]), width: Math.abs(x - drag[0]), height: Math.abs(y - drag[1]) };
      for (const [key, value] of Object.entries(at)) frame.setAttribute(key, value);
      frame.setAttribute("visibility", "visible");
      return;
    }
    const found = nearest(x, y);
    if (found) tell(found); else hush();
  });
  svg.addEventListener("pointerleave", () => { if (!drag) hush(); });
  svg.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    if (event.pointerType === "touch") { const found = nearest(...place(event)); if (found) tell(found); return; }
    drag = place(event);
    event.preventDefault();
  });
  addEventListener("pointerup", (event) => {
    if (!drag) return;
    const [[x0, y0], [x1, y1]] = [drag, place(event)];
    drag = null;
    svg.querySelector("#zoom").setAttribute("visibility", "hidden");
    if (Math.abs(x1 - x0) > 8 && Math.abs(y1 - y0) > 8)
      zoomTo([toX(Math.min(x0, x1)), toX(Math.max(x0, x1))], [toY(Math.max(y0, y1)), toY(Math.min(y0, y1))]);
  });
  svg.addEventListener("wheel", (event) => {
    // Without a key the wheel scrolls the page, as everywhere.
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const [x, y] = place(event);
    zoomBy(event.deltaY < 0 ? 0.8 : 1.25, toX(x), toY(y));
  }, { passive: false });
  svg.addEventListener("dblclick", reset);
  const act = { in: () => zoomBy(0.7, ...center()), out: () => zoomBy(1 / 0.7, ...center()), reset };
  all("[data-act]").forEach((button) => button.addEventListener("click", () => act[button.dataset.act]()));
  const log = document.getElementById("log");
  const tellLog = () => log.setAttribute("aria-pressed", view.log);
  log.addEventListener("click", () => { const to = !view.log; view = home(); setLog(to); hush(); draw(); tellLog(); });
  tellLog();
  if (board) all("tbody tr", board).forEach((row) => {
    const at = data.curves.findIndex((curve) => String(curve.n) === row.dataset.trial);
    row.addEventListener("pointerenter", () => light(at));
    row.addEventListener("pointerleave", () => light(-1));
  });
  let width = 0;
  const fit = () => { if (box.clientWidth !== width) { width = box.clientWidth; hush(); draw(); } };
  fit();
  // Not within the notice itself: what is drawn changes the size that the notice is about.
  new ResizeObserver(() => requestAnimationFrame(fit)).observe(box);
})();
