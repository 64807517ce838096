// Conveniences: every page works without them.
"use strict";

// Suggestions under a box, as links that Tab reaches.
for (const box of document.querySelectorAll("textarea[data-suggest]")) {
  const list = document.getElementById(box.dataset.suggest);
  let asked = 0;
  const show = (texts) => {
    list.replaceChildren(...texts.map((text) => {
      const link = document.createElement("a");
      const query = new URLSearchParams(new FormData(box.form));
      query.set("text", text);
      link.href = "/?" + query;
      link.lang = "en";
      link.textContent = text;
      const item = document.createElement("li");
      item.append(link);
      return item;
    }));
    list.hidden = texts.length === 0;
  };
  box.addEventListener("input", () => {
    const turn = ++asked;
    setTimeout(async () => {
      if (turn !== asked) return;
      if (box.value.trim().length < 3 || box.value.length > 200) return show([]);
      const answer = await fetch("/suggest.json?" + new URLSearchParams({ text: box.value }));
      if (answer.ok && turn === asked) show((await answer.json()).suggestions);
    }, 200);
  });
  list.parentNode.addEventListener("keydown", (event) => {
    if (event.key === "Escape") show([]);
  });
}

// An address that is sent to a colleague holds what was asked, and no empty fields.
for (const form of document.querySelectorAll("form[method=get]")) {
  form.addEventListener("formdata", ({ formData }) => {
    for (const [name, value] of [...formData]) if (value === "" && name !== "we") formData.delete(name);
  });
}

// A text file dropped on a box is read into it; any other is checked as a draft.
for (const box of document.querySelectorAll("textarea")) {
  box.addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    box.classList.add("dragging");
  });
  box.addEventListener("dragleave", () => box.classList.remove("dragging"));
  box.addEventListener("drop", async (event) => {
    const [file] = event.dataTransfer.files;
    box.classList.remove("dragging");
    if (!file) return;
    event.preventDefault();
    if (file.type.startsWith("text/plain") || /\.(txt|md)$/i.test(file.name)) {
      box.value = await file.text();
      box.dispatchEvent(new Event("input"));
      return;
    }
    const body = new FormData();
    body.set("file", file);
    const we = document.querySelector("select[name=we]");
    if (we) body.set("we", we.value);
    const answer = await fetch("/draft", { method: "POST", body });
    if (answer.redirected) location.assign(answer.url);
    else document.documentElement.innerHTML = await answer.text();
  });
}

// The words that decide a verdict, once its quotation comes into view; one at a time.
const waiting = [];
let working = false;
async function explain() {
  if (working) return;
  working = true;
  for (let quotation; (quotation = waiting.shift());) {
    const query = new URLSearchParams({ text: quotation.dataset.asked, claim_id: quotation.dataset.claim });
    const answer = await fetch("/v1/explanation?" + query).catch(() => null);
    if (!answer || !answer.ok) break;
    const { words } = await answer.json();
    const place = quotation.querySelector("blockquote p");
    const text = place.textContent;
    const spans = words.map((word) => [word.start, word.end]).sort((a, b) => a[0] - b[0]);
    // Characters are counted as Python counts them, by code points.
    const points = Array.from(text);
    if (place.querySelector(".hidden-character") || words.some((w) => points.slice(w.start, w.end).join("") !== w.text)) continue;
    const pieces = [];
    let last = 0;
    for (const [start, end] of spans) {
      pieces.push(points.slice(last, start).join(""));
      const mark = document.createElement("mark");
      mark.className = "decides";
      mark.textContent = points.slice(start, end).join("");
      pieces.push(mark);
      last = end;
    }
    pieces.push(points.slice(last).join(""));
    place.replaceChildren(...pieces);
  }
  working = false;
}
if ("IntersectionObserver" in window) {
  const watch = new IntersectionObserver((seen) => {
    for (const { isIntersecting, target } of seen) {
      if (!isIntersecting) continue;
      if (waiting.length >= 12) continue; // it may come into view again
      watch.unobserve(target);
      waiting.push(target);
    }
    explain();
  });
  for (const quotation of document.querySelectorAll(".quotation[data-asked]")) {
    if (quotation.querySelector("a[href^='/explain']")) watch.observe(quotation);
  }
}

// A job's page while the job is at work: looked at again every two seconds, changed in place.
async function follow() {
  const followed = document.querySelector("[data-running]") !== null;
  while (document.querySelector("[data-running]")) {
    await new Promise((done) => setTimeout(done, 2000));
    if (document.hidden) continue;
    const answer = await fetch(location.href).catch(() => null);
    if (!answer || !answer.ok) continue;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-live]")) {
      const other = fresh.getElementById(part.id);
      if (!other) continue;
      if (part.dataset.live === "append") part.append(...[...other.children].slice(part.children.length));
      else if (!part.contains(document.activeElement) && part.innerHTML !== other.innerHTML) part.replaceChildren(...other.childNodes);
    }
  }
  const next = document.querySelector("[data-then]");
  if (followed && next) location.assign(next.dataset.then);
}
follow();
