// Asked of the page in both frames once they have loaded; the answers stand in one line, `yes` or what was found instead.
"use strict";
addEventListener("load", () => setTimeout(() => {
  const frame = (id) => document.getElementById(id).contentWindow;
  const [phone, desk] = [frame("phone"), frame("desk")];
  const page = desk.document, one = (selector) => page.querySelector(selector);
  const answers = [];
  const ask = (check) => {
    let answer;
    try { answer = check(); } catch (error) { answer = String(error); }
    answers.push(answer === true ? "yes" : String(answer).replace(/[|\n<>]/g, " "));
  };
  const fits = (window) => {
    const root = window.document.documentElement;
    return root.scrollWidth <= root.clientWidth || `${root.scrollWidth} of ${root.clientWidth}`;
  };
  // No text of a picture is cut off at its edges.
  const whole = (window) => {
    for (const svg of window.document.querySelectorAll("svg")) {
      const frame = svg.getBoundingClientRect();
      for (const text of svg.querySelectorAll("text")) {
        const box = text.getBoundingClientRect();
        const out = box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 2 || box.bottom > frame.bottom + 2;
        if (frame.width && box.width && out) return text.textContent;
      }
    }
    return true;
  };
  const point = (node, kind, x, y) => node.dispatchEvent(new desk.PointerEvent(kind, { clientX: x, clientY: y, button: 0, bubbles: true }));

  const interactions = () => {
    ask(() => page.querySelectorAll("section").length >= 7 || page.querySelectorAll("section").length);
    ask(() => fits(phone));
    ask(() => fits(desk));
    ask(() => whole(phone));
    ask(() => whole(desk));
    ask(() => {
      const rows = () => [...page.querySelectorAll("#board tbody tr")].map((row) => row.dataset.trial).join();
      const button = one("#board th:nth-child(2) button");
      // One trial makes no board.
      if (!button) return page.querySelectorAll("#board tbody tr").length <= 1;
      const heading = button.parentElement;
      button.click();
      const up = rows();
      button.click();
      const several = page.querySelectorAll("#board tbody tr").length > 1;
      return (heading.getAttribute("aria-sort") === "descending" && (!several || up !== rows())) || up;
    });
    ask(() => {
      const line = one("#curves path.best:not(.training)"), tip = one("#tip");
      const at = line.getPointAtLength(0), place = line.getScreenCTM();
      point(one("#curves svg"), "pointermove", at.x * place.a + place.e, at.y * place.d + place.f);
      return (!tip.hidden && tip.textContent.includes("Trial")) || tip.outerHTML;
    });
    ask(() => {
      const view = () => one("#curves").dataset.view, before = view();
      one("[data-act=in]").click();
      const within = view();
      one("[data-act=reset]").click();
      return (within !== before && view() === before) || `${before} ${within} ${view()}`;
    });
    ask(() => {
      const color = () => desk.getComputedStyle(page.body).backgroundColor, before = color();
      one("#theme").click();
      const after = color();
      one("#theme").click();
      return (before !== after && color() === before) || `${before} ${after}`;
    });
    ask(() => {
      const svg = one("#parallel svg"), panel = () => one("#slices .dots.out").getAttribute("d");
      // One trial has no axes.
      if (!svg) return page.querySelectorAll("#board tbody tr").length <= 1 && !one("#slices");
      const zone = one("#parallel .zone"), box = zone.getBoundingClientRect(), x = box.left + box.width / 2;
      const all = page.querySelectorAll("#parallel .thread").length, out = () => page.querySelectorAll(".thread.out").length;
      const start = desk.performance.now();
      point(zone, "pointerdown", x, box.top + box.height * 0.3);
      point(zone, "pointermove", x, box.top + box.height * 0.75);
      point(zone, "pointerup", x, box.top + box.height * 0.75);
      desk.brushed = () => {
        const chosen = +svg.dataset.chosen, brushed = [out(), panel().length];
        one("#choose-all").click();
        const fits = brushed[0] === all - chosen && brushed[0] > 0 && brushed[1] > 0 && out() === 0 && panel() === "";
        return fits || `${chosen} of ${all} chosen, ${brushed} and ${out()} faint`;
      };
      return desk.performance.now() - start < 1000;
    });
    ask(() => {
      const svg = one("#time-line svg"), tip = one("#time-tip");
      if (!svg) return page.querySelectorAll("#board tbody tr").length <= 1 || "no time line";
      const box = svg.getBoundingClientRect();
      point(svg, "pointermove", box.left + box.width * 0.5, box.top + 12);
      return (!tip.hidden && tip.textContent.includes("Trial")) || tip.outerHTML;
    });
    ask(() => one("#command").textContent.startsWith("caviar ") && one("#copy").getBoundingClientRect().height > 0);
  };
  interactions();
  // A brush is drawn with the next frame.
  setTimeout(() => {
    ask(() => desk.brushed ? desk.brushed() : true);
    finish();
  }, 300);
  const finish = () => {
    // Asked last, told first: errors of all that was done.
    const failures = [...phone.failures, ...desk.failures];
    const asked = [...phone.performance.getEntriesByType("resource"), ...desk.performance.getEntriesByType("resource")];
    answers.unshift(failures.length === 0 ? "yes" : failures.join(" "), asked.length === 0 ? "yes" : asked.map((one) => one.name).join(" "));
    const told = document.createElement("pre");
    told.id = "answers";
    told.textContent = answers.join("|");
    document.body.append(told);
  };
}, 500));
