"use strict";
// The timeline and the roofline of the page, from the JSON in its script elements. No network, no libraries.
const data = JSON.parse(document.getElementById("data").textContent);

function timeline(canvas, run) {
  const rowHeight = 13, left = 230, context = canvas.getContext("2d");
  let from = 0, to = run.end;
  canvas.width = Math.max(600, canvas.parentElement.clientWidth - 20);
  canvas.height = run.tracks.length * rowHeight + 24;
  const colours = ["#4477aa", "#228833", "#66ccee", "#aa3377", "#999933", "#117733", "#332288", "#44aa99"];
  function draw() {
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.font = "10px sans-serif";
    const scale = (canvas.width - left) / (to - from);
    run.tracks.forEach((name, row) => {
      context.fillStyle = row % 2 ? "#f6f6f6" : "#fff";
      context.fillRect(0, row * rowHeight, canvas.width, rowHeight);
      context.fillStyle = "#222";
      context.fillText(name.slice(0, 40), 2, row * rowHeight + 10);
    });
    for (const [track, kind, begin, end] of run.spans) {
      if (end < from || begin > to) continue;
      const x = left + Math.max(0, (begin - from) * scale), right = left + Math.min(to - from, end - from) * scale;
      context.fillStyle = kind < 0 ? "#e8c9c9" : colours[kind % colours.length];
      context.fillRect(x, track * rowHeight + 1, Math.max(0.4, right - x), rowHeight - 2);
    }
    context.fillStyle = "#222";
    for (let k = 0; k <= 8; ++k) {
      const at = from + (to - from) * k / 8;
      context.fillText(at.toFixed(1) + " us", left + (at - from) * scale - (k === 8 ? 40 : 0), canvas.height - 6);
    }
    canvas.dataset.drawn = String(run.spans.length);
  }
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const at = from + (to - from) * Math.max(0, event.offsetX - left) / (canvas.width - left);
    const factor = event.deltaY < 0 ? 0.7 : 1 / 0.7;
    from = Math.max(0, at - (at - from) * factor);
    to = Math.min(run.end, at + (to - at) * factor);
    draw();
  }, { passive: false });
  let drag = null;
  canvas.addEventListener("mousedown", (event) => { drag = event.offsetX; });
  window.addEventListener("mouseup", () => { drag = null; });
  canvas.addEventListener("mousemove", (event) => {
    if (drag === null) return;
    const by = (drag - event.offsetX) * (to - from) / (canvas.width - left);
    const width = to - from;
    from = Math.min(Math.max(0, from + by), run.end - width);
    to = from + width;
    drag = event.offsetX;
    draw();
  });
  draw();
}

for (const run of data.timelines) timeline(document.getElementById(run.id), run);
document.body.dataset.ready = "yes";
