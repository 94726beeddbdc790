"use strict";
(() => {
  const number = (s) => {
    const m = s.replace(/,/g, "").replace("\u2212", "-").match(/-?\d+(\.\d+)?/);
    return m ? parseFloat(m[0]) : NaN;
  };
  // A cell has a number to be sorted by, which may be none, or its text tells.
  const numberOf = (cell) => (cell.dataset.v === undefined ? number(cell.textContent) : parseFloat(cell.dataset.v));
  document.querySelectorAll("table.sortable").forEach((table) => {
    const body = table.tBodies[0];
    table.querySelectorAll("th").forEach((th, column) => {
      if (!th.textContent.trim() || th.classList.contains("still")) return;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...th.childNodes);
      th.append(button);
      button.addEventListener("click", () => {
        const numeric = th.classList.contains("num");
        // The largest number first, and the first word.
        const up = numeric ? th.getAttribute("aria-sort") === "descending" : th.getAttribute("aria-sort") !== "ascending";
        table.querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"));
        th.setAttribute("aria-sort", up ? "ascending" : "descending");
        const value = (row) => (numeric ? numberOf(row.cells[column]) : row.cells[column].textContent);
        const rows = Array.from(body.rows);
        rows.sort((a, b) => {
          const x = value(a), y = value(b);
          if (numeric) {
            if (isNaN(x) || isNaN(y)) return isNaN(x) - isNaN(y);
            return up ? x - y : y - x;
          }
          return up ? x.localeCompare(y) : y.localeCompare(x);
        });
        body.append(...rows);
      });
    });
  });
  document.querySelectorAll("input.filter").forEach((input) => {
    input.hidden = false;
    const table = document.getElementById(input.dataset.table);
    input.addEventListener("input", () => {
      table.parentElement.classList.toggle("found", input.value.trim() !== "");
      const words = input.value.toLowerCase().split(/\s+/);
      for (const row of table.tBodies[0].rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((w) => text.includes(w));
      }
    });
  });

  const digits = (v) => {
    const a = Math.abs(v);
    return a >= 1000 ? Math.round(v).toLocaleString("en") : String(Number(v.toPrecision(3)));
  };
  const show = (v, unit) => {
    if (v === null || v === undefined) return "\u2013";
    switch (unit) {
      case "ms": return Math.abs(v) < 1000 ? digits(v) + " ms" : digits(v / 1000) + " s";
      case "s": return Math.abs(v) < 60 ? digits(v) + " s" : Math.floor(v / 60) + "m " + Math.round(v % 60) + "s";
      case "share": return digits(v * 100) + " %";
      case "change": return (v > 0 ? "+" : "") + digits(v * 100) + " %";
      case "1/s": return digits(v) + "/s";
      case "count": case "": return digits(v);
      default: return digits(v) + " " + unit;
    }
  };
  const shape = (name, attributes) => {
    const e = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const key in attributes) e.setAttribute(key, attributes[key]);
    return e;
  };

  document.querySelectorAll("figure").forEach((figure) => {
    const source = figure.querySelector("script.data");
    const svg = figure.querySelector("svg.chart");
    if (!source || !svg) return;
    const d = JSON.parse(source.textContent);
    const [left, top, right, bottom] = d.area;
    if (!d.x || !d.x.length || right <= left) return;
    const plot = figure.querySelector(".plot");
    const out = figure.querySelector("output");
    const words = out.textContent;
    let [low, high] = d.xrange;
    const at = (x) => d.xlog ? left + Math.log(x / low) / Math.log(high / low) * (right - left) : left + (x - low) / (high - low) * (right - left);
    const cursor = shape("line", {class: "cursor", y1: top, y2: bottom, visibility: "hidden"});
    svg.append(cursor);
    let index = -1;
    const visible = () => d.x.map((x, i) => i).filter((i) => d.x[i] >= low && d.x[i] <= high);
    const point = (i) => {
      index = i;
      const x = at(d.x[i]);
      cursor.setAttribute("x1", x);
      cursor.setAttribute("x2", x);
      cursor.setAttribute("visibility", "visible");
      const where = d.labels && d.labels[i] !== undefined ? d.labels[i] : show(d.x[i], d.xunit);
      out.textContent = where + ": " + d.series.map((s) => s.name + " " + show(s.y[i], s.unit)).join(" \u00b7 ");
    };
    const inPoints = (event) => {
      const box = svg.getBoundingClientRect();
      return (event.clientX - box.left) / box.width * svg.viewBox.baseVal.width;
    };
    const nearest = (px) => {
      let best = -1;
      for (const i of visible()) if (best < 0 || Math.abs(at(d.x[i]) - px) < Math.abs(at(d.x[best]) - px)) best = i;
      return best;
    };
    svg.addEventListener("pointerleave", (event) => {
      if (event.pointerType !== "mouse" || document.activeElement === plot) return;
      out.textContent = words;
      cursor.setAttribute("visibility", "hidden");
    });
    const follow = (event) => {
      const i = nearest(inPoints(event));
      if (i >= 0) point(i);
    };

    const classed = (pattern) => Array.from(svg.querySelectorAll("path,text")).filter((e) => pattern.test(e.getAttribute("class") || ""));
    const lines = classed(/^s-.* n\d$/);
    const original = lines.map((p) => p.getAttribute("d"));
    const zooms = d.x.length > 8 && !d.labels && !d.xlog && lines.length > 0;
    const fixed = classed(/ (soft|xt)$/); // areas, marks and the axis, which stay at their places
    const places = original.map((path) => (path.match(/-?\d+(\.\d+)?/g) || []).map(Number));
    const dots = classed(/^f-.* n\d$/).map((dot) => {
      const [, side, radius] = dot.getAttribute("d").match(/^M(\S+) [^A]*A(\S+) /).map(Number);
      return {dot, middle: side - radius};
    });
    const redraw = () => {
      const [first, last] = d.xrange;
      const whole = low === first && high === last;
      const from = (px) => first + (px - left) / (right - left) * (last - first);
      lines.forEach((line, k) => {
        if (whole) { line.setAttribute("d", original[k]); return; }
        const numbers = places[k];
        let path = "";
        for (let i = 0; i + 1 < numbers.length; i += 2) {
          const x = from(numbers[i]);
          if (x < low || x > high) continue;
          path += (path ? "L" : "M") + at(x).toFixed(1) + " " + numbers[i + 1];
        }
        line.setAttribute("d", path || "M0 0");
      });
      dots.forEach(({dot, middle}) => {
        const x = from(middle);
        dot.setAttribute("visibility", whole || x >= low && x <= high ? "visible" : "hidden");
        dot.setAttribute("transform", "translate(" + (at(x) - middle).toFixed(1) + " 0)");
      });
      fixed.forEach((e) => e.setAttribute("visibility", whole ? "visible" : "hidden"));
      svg.querySelectorAll(".zoomed").forEach((e) => e.remove());
      cursor.setAttribute("visibility", "hidden");
      if (whole) return;
      for (let i = 0; i <= 4; i++) {
        const x = low + (high - low) * i / 4;
        const t = shape("text", {class: "zoomed f-t1", x: at(x), y: bottom + 15, "font-size": 11, "text-anchor": i === 0 ? "start" : i === 4 ? "end" : "middle"});
        t.textContent = show(x, d.xunit);
        svg.append(t);
      }
    };
    const reset = document.createElement("button");
    reset.type = "button";
    reset.className = "reset";
    reset.textContent = "whole run";
    reset.hidden = true;
    figure.append(reset);
    const stretch = (a, b) => {
      const [first, last] = d.xrange;
      if (b - a > (last - first) * 0.999) [a, b] = [first, last];
      else if (d.x.filter((x) => x >= a && x <= b).length < 3) return;
      [low, high] = [a, b];
      reset.hidden = low === first && high === last;
      redraw();
    };
    reset.addEventListener("click", () => stretch(...d.xrange));
    const shown = () => index >= 0 && d.x[index] >= low && d.x[index] <= high;
    // around shows a part of the stretch, or more than it, with the cursor in its middle.
    const around = (part) => {
      const [first, last] = d.xrange;
      const width = (high - low) * part;
      const middle = shown() ? d.x[index] : (low + high) / 2;
      const from = Math.max(Math.min(middle - width / 2, last - width), first);
      stretch(from, Math.min(from + width, last));
      if (shown()) point(index);
    };
    let start = null;
    const band = shape("rect", {class: "select", y: top, height: bottom - top, width: 0, x: 0});
    svg.append(band);
    svg.addEventListener("pointerdown", (event) => {
      follow(event);
      if (event.pointerType === "mouse" && zooms) start = Math.min(Math.max(inPoints(event), left), right);
    });
    svg.addEventListener("pointermove", (event) => {
      follow(event);
      if (start === null) return;
      const now = Math.min(Math.max(inPoints(event), left), right);
      band.setAttribute("x", Math.min(start, now));
      band.setAttribute("width", Math.abs(now - start));
    });
    addEventListener("pointerup", (event) => {
      if (start === null) return;
      const now = Math.min(Math.max(inPoints(event), left), right);
      const [a, b] = [Math.min(start, now), Math.max(start, now)].map((px) => low + (px - left) / (right - left) * (high - low));
      start = null;
      band.setAttribute("width", 0);
      if (b - a >= (high - low) / 50) stretch(a, b);
    });
    plot.tabIndex = 0;
    plot.setAttribute("role", "group");
    plot.setAttribute("aria-label", "values of the chart: use the arrow keys" + (zooms ? "; + and - zoom, 0 shows all" : ""));
    const zoom = {"+": 0.5, "=": 0.5, "-": 2, "0": Infinity}; // = is + without the shift key
    plot.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return; // the browser's own
      if (zooms && event.key in zoom) {
        event.preventDefault();
        around(zoom[event.key]);
        return;
      }
      const seen = visible();
      if (!seen.length) return;
      let k = seen.indexOf(index);
      switch (event.key) {
        case "ArrowRight": k = Math.min(k + 1, seen.length - 1); break;
        case "ArrowLeft": k = Math.max(k - 1, 0); break;
        case "Home": k = 0; break;
        case "End": k = seen.length - 1; break;
        default: return;
      }
      event.preventDefault();
      point(seen[k]);
    });
    plot.addEventListener("focus", () => { if (index < 0) point(visible()[0]); });
  });
})();
