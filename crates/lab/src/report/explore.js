// All trials over their settings: a brush along an axis chooses trials in every picture about them.
(() => {
  const island = document.getElementById("explore-data");
  if (!island) return;
  const { parallel, time } = JSON.parse(island.textContent);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const make = (name, attributes, parent) => {
    const node = document.createElementNS(document.querySelector("svg").namespaceURI, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (parent) parent.append(node);
    return node;
  };
  const placed = (svg, event) => {
    const frame = svg.getBoundingClientRect(), [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
    return [(event.clientX - frame.left) / frame.width * width, (event.clientY - frame.top) / frame.height * height];
  };
  const say = (tip, lines, event) => {
    tip.replaceChildren(...lines.map((line, at) => { const node = document.createElement(at ? "span" : "b"); node.textContent = line; return node; }));
    tip.hidden = false;
    const around = tip.parentElement.getBoundingClientRect();
    tip.style.left = `${Math.max(0, Math.min(event.clientX - around.left + 14, around.width - tip.offsetWidth))}px`;
    tip.style.top = `${event.clientY - around.top + 14}px`;
  };
  const epochs = (count) => `${count} ${count === 1 ? "epoch" : "epochs"}`;

  if (parallel) {
    const svg = document.querySelector("#parallel svg"), tip = document.getElementById("parallel-tip");
    const { x, at, trials, levels, top, bottom } = parallel, axes = x.length;
    const rows = new Map(trials.map((trial, row) => [String(trial[0]), row]));
    const threads = [];
    for (const path of all(".thread", svg)) threads[rows.get(path.dataset.n)] = path;
    const chosen = new Uint8Array(trials.length).fill(1), brushes = x.map(() => null), frames = [];
    const slices = all("#slices svg").map((panel) => ({ axis: +panel.dataset.axis, paths: all(".dots", panel), out: make("path", { class: "dots out", d: "" }) }));
    slices.forEach(({ paths, out }) => paths[0].before(out));
    const note = document.getElementById("chosen"), told = note.textContent;

    const dot = (axis, row) => {
      const u = at[row][axis] / 1000, words = parallel.words[axis];
      const place = words ? u + ((trials[row][0] * 7 % 11) / 11 - 0.45) * 0.5 / words : u;
      return `M${(48 + place * 224).toFixed(1)} ${(162 - at[row][axes - 1] / 1000 * 136).toFixed(1)}h0`;
    };
    const drawSlices = () => {
      for (const { axis, paths, out } of slices) {
        const d = paths.map(() => []), outside = [];
        for (let row = 0; row < trials.length; row++) {
          const level = levels[row];
          if (level === null || at[row][axis] < 0) continue;
          (chosen[row] ? d[level] : outside).push(dot(axis, row));
        }
        paths.forEach((path, level) => path.setAttribute("d", d[level].join("")));
        out.setAttribute("d", outside.join(""));
      }
    };
    const choose = () => {
      let count = 0;
      for (let row = 0; row < trials.length; row++) {
        const inside = brushes.every((brush, axis) => !brush || (at[row][axis] >= brush[0] && at[row][axis] <= brush[1])) ? 1 : 0;
        count += inside;
        if (chosen[row] === inside) continue;
        chosen[row] = inside;
        threads[row].classList.toggle("out", !inside);
      }
      const open = brushes.every((brush) => !brush);
      note.textContent = open ? told : `${count} of ${trials.length} trials chosen`;
      svg.dataset.chosen = count;
      drawSlices();
      drawTime();
    };
    const unit = (y) => Math.round((bottom - y) / (bottom - top) * 1000);
    const frame = (axis) => {
      const brush = brushes[axis], node = frames[axis];
      node.setAttribute("visibility", brush ? "visible" : "hidden");
      if (!brush) return;
      const place = (value) => bottom - value / 1000 * (bottom - top);
      node.setAttribute("y", place(brush[1]));
      node.setAttribute("height", Math.max(1, place(brush[0]) - place(brush[1])));
    };
    let drag = null, due = false;
    const soon = () => { if (!due) { due = true; requestAnimationFrame(() => { due = false; choose(); }); } };
    x.forEach((place, axis) => {
      frames.push(make("rect", { class: "brush", x: place - 9, width: 18, visibility: "hidden" }, svg));
      const zone = make("rect", { class: "zone", x: place - 16, y: top - 4, width: 32, height: bottom - top + 34 }, svg);
      zone.addEventListener("pointerdown", (event) => {
        if (event.button !== 0) return;
        drag = { axis, from: unit(placed(svg, event)[1]), moved: false };
        if (event.pointerId && event.isTrusted) zone.setPointerCapture(event.pointerId);
        event.preventDefault();
      });
      zone.addEventListener("pointermove", (event) => {
        if (!drag || drag.axis !== axis) return;
        const to = unit(placed(svg, event)[1]);
        if (Math.abs(to - drag.from) > 12) drag.moved = true;
        if (!drag.moved) return;
        brushes[axis] = [Math.min(drag.from, to), Math.max(drag.from, to)];
        frame(axis);
        soon();
      });
      zone.addEventListener("pointerup", () => {
        if (drag && !drag.moved) { brushes[axis] = null; frame(axis); soon(); }
        drag = null;
      });
    });
    document.getElementById("choose-all").addEventListener("click", () => {
      brushes.forEach((_, axis) => { brushes[axis] = null; frame(axis); });
      choose();
    });

    let hot = null;
    const over = layerOver(svg);
    const above = make("path", { class: "above", d: "" }, over);
    const light = (row) => {
      hot = row;
      above.setAttribute("d", row === null ? "" : threads[row].getAttribute("d"));
    };
    svg.addEventListener("pointermove", (event) => {
      if (drag) return;
      const [px, py] = placed(svg, event);
      const right = x.findIndex((place) => place >= px);
      if (right < 1) { light(null); tip.hidden = true; return; }
      const share = (px - x[right - 1]) / (x[right] - x[right - 1]);
      let least = 14, found = null;
      for (let row = 0; row < trials.length; row++) {
        if (!chosen[row]) continue;
        const u = at[row][right - 1] * (1 - share) + at[row][right] * share;
        const distance = Math.abs(bottom - u / 1000 * (bottom - top) - py);
        if (distance < least) { least = distance; found = row; }
      }
      if (found !== hot) light(found);
      if (found === null) { tip.hidden = true; return; }
      const [number, score, state] = trials[found];
      say(tip, [`Trial ${number}${number === parallel.best ? ", the best" : state === "complete" ? "" : ", " + state}`, `${parallel.metric} ${score ?? "–"}`, settingsOf(number)], event);
    });
    svg.addEventListener("pointerleave", () => { light(null); tip.hidden = true; });

    // The time line shows the chosen trials strong.
    const lines = document.querySelector("#time-line svg"), works = lines ? all(".work", lines) : [];
    const full = works.map((path) => path.getAttribute("d"));
    const kinds = works.map((path) => path.dataset.kind);
    const bar = ([, worker, from, to]) => {
      const place = (seconds) => time.left + seconds / time.end * (time.right - time.left);
      const width = place(to) - place(from);
      return `M${place(from).toFixed(2)} ${time.top + (worker + 0.5) * time.lane}h${(width > 2.5 ? width - 0.7 : Math.max(width, 0.7)).toFixed(2)}`;
    };
    let faint = null;
    function drawTime() {
      if (!time || !works.length) return;
      faint ??= make("path", { class: "work out", d: "" });
      works[0].before(faint);
      if (brushes.every((brush) => !brush)) {
        works.forEach((path, kind) => path.setAttribute("d", full[kind]));
        faint.setAttribute("d", "");
        return;
      }
      const d = works.map(() => []), outside = [];
      for (const each of time.bars) {
        const kind = kinds.indexOf(each[6]);
        (chosen[rows.get(String(each[0]))] && kind >= 0 ? d[kind] : outside).push(bar(each));
      }
      works.forEach((path, kind) => path.setAttribute("d", d[kind].join("")));
      faint.setAttribute("d", outside.join(""));
    }
  }

  if (time) {
    const svg = document.querySelector("#time-line svg"), tip = document.getElementById("time-tip");
    const lanes = Array.from({ length: time.lanes }, () => []);
    time.bars.forEach((bar) => lanes[Math.min(bar[1], time.lanes - 1)].push(bar));
    svg.addEventListener("pointermove", (event) => {
      const [px, py] = placed(svg, event);
      const lane = lanes[Math.floor((py - time.top) / time.lane)];
      const seconds = (px - time.left) / (time.right - time.left) * time.end;
      let least = Infinity, found = null;
      for (const bar of lane || []) {
        const distance = Math.max(bar[2] - seconds, seconds - bar[3], 0);
        if (distance < least) { least = distance; found = bar; }
      }
      if (!found || least > time.end / 100) { tip.hidden = true; return; }
      const [trial, , from, to, before, after, kind] = found;
      say(tip, [`Trial ${trial}, ${kind}`, before ? `from ${epochs(before)} to ${after}` : epochs(after), `${from.toFixed(2)} s to ${to.toFixed(2)} s`], event);
    });
    svg.addEventListener("pointerleave", () => { tip.hidden = true; });
  }
})();
