"use strict";
const form = document.querySelector("form.filter");
const table = document.getElementById("notes");
const body = table.tBodies[0];
const rows = [...body.rows];
const shown = document.getElementById("shown");
const whole = shown.textContent;
const plain = words => words.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
const texts = new Map(rows.map(row => [row, plain(row.textContent)]));

function filter() {
  const asked = new FormData(form);
  const words = plain(asked.get("words")).split(/\s+/).filter(Boolean);
  let count = 0;
  for (const row of rows) {
    const { asOf, state, analysts } = row.dataset;
    const fits = words.every(word => texts.get(row).includes(word))
      && (!asked.get("state") || asked.get("state") === state)
      && (!asked.get("analyst") || analysts.split("|").includes(asked.get("analyst")))
      && (!asked.get("from") || asOf >= asked.get("from"))
      && (!asked.get("to") || asOf <= asked.get("to"));
    row.hidden = !fits;
    count += fits;
  }
  shown.textContent = count === rows.length ? whole : `${count} of ${whole} shown`;
}

function sort(head, column) {
  const down = head.getAttribute("aria-sort") === "ascending";
  const order = new Intl.Collator("en", { numeric: true });
  const key = row => row.cells[column].textContent.trim();
  rows.sort((a, b) => (down ? -1 : 1) * order.compare(key(a), key(b)));
  body.append(...rows);
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
}

[...table.tHead.rows[0].cells].slice(0, -1).forEach((head, column) => {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = head.textContent;
  head.replaceChildren(button);
  button.addEventListener("click", () => sort(head, column));
});
form.hidden = false;
form.addEventListener("input", filter);
form.addEventListener("reset", () => setTimeout(filter));
form.addEventListener("submit", event => event.preventDefault());
filter();
