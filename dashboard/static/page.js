// Keeps the page live: takes the server's changes, says so when they stop coming.
import { Charts } from "./charts.js";
import { findable, sortable } from "./lists.js";

const SILENCE_MS = 12000; // The server sends something at least every five seconds.
const REOPEN_MS = 3000;
const root = document.documentElement;
const charts = new Charts(document.getElementById("charts"), {
  language: root.lang,
  zone: document.body.dataset.zone,
});
findable(document.getElementById("assets"));
document.querySelectorAll("table.sortable").forEach(sortable);
let source = null;
let lastHeard = Date.now();

function show(state) {
  const changed = root.dataset.stream !== state;
  root.dataset.stream = state;
  if (!changed) return;
  const stream = document.getElementById("stream");
  document.getElementById("stream-word").textContent = stream.dataset[state];
  const lost = document.getElementById("lost");
  lost.hidden = state !== "lost";
  if (state === "lost") {
    const time = new Date(lastHeard).toLocaleTimeString(root.lang);
    lost.textContent = lost.dataset.text.replace("{time}", time);
  }
}

function heard() {
  lastHeard = Date.now();
  show("live");
}

function take(update) {
  root.dataset.presence = update.presence;
  for (const [id, html] of Object.entries(update.fragments)) {
    const element = document.getElementById(id);
    if (element) element.innerHTML = html; // Escaped by the server's templates.
  }
  charts.follow(update.charts_key, update.now);
}

function open() {
  source?.close();
  source = new EventSource(`/api/v1/stream?language=${root.lang}`);
  source.addEventListener("page", (event) => {
    heard();
    take(JSON.parse(event.data));
  });
  source.addEventListener("pulse", heard);
  source.addEventListener("error", () => {
    show("lost");
    // The browser reopens a broken stream by itself, but gives up on an error status.
    if (source.readyState === EventSource.CLOSED) setTimeout(open, REOPEN_MS);
  });
}

setInterval(() => {
  if (Date.now() - lastHeard > SILENCE_MS) show("lost");
}, 1000);
window.addEventListener("pagehide", () => source?.close());
window.addEventListener("pageshow", (event) => { if (event.persisted) open(); });
open();
