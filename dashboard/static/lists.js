// The long lists: find assets by text, sort municipalities by a column. Both only move what the server wrote.

/** Shows the assets that match every word; the drawers open while something is looked for. */
export function findable(section) {
  const input = section.querySelector("#find");
  const found = section.querySelector("#found");
  const drawers = [...section.querySelectorAll("details.family")];
  let before = null;
  input.closest("[hidden]").hidden = false;
  input.addEventListener("input", () => {
    const wanted = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    if (wanted.length && !before) before = drawers.map((drawer) => drawer.open);
    for (const drawer of drawers) {
      let any = false;
      for (const row of drawer.querySelectorAll("tr[data-find]")) {
        row.hidden = !wanted.every((word) => row.dataset.find.includes(word));
        if (!row.hidden) count += 1;
        any ||= !row.hidden;
      }
      drawer.hidden = !any;
      if (wanted.length) drawer.open = any;
    }
    if (!wanted.length && before) {
      drawers.forEach((drawer, index) => { drawer.open = before[index]; });
      before = null;
    }
    found.textContent = wanted.length ? found.dataset.text.replace("{n}", count) : "";
  });
}

/** Sorts once when a heading is pressed; rows never jump by themselves while numbers change. */
export function sortable(table) {
  const headings = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  const language = document.documentElement.lang;
  headings.forEach((heading, column) => {
    heading.querySelector("button").addEventListener("click", () => {
      const first = column === 0 ? "ascending" : "descending";
      const other = first === "ascending" ? "descending" : "ascending";
      const way = heading.getAttribute("aria-sort") === first ? other : first;
      const value = (row) => Number(row.cells[column].querySelector("data")?.value);
      const compare = column === 0
        ? (left, right) => left.cells[0].textContent.localeCompare(right.cells[0].textContent, language)
        : (left, right) => value(left) - value(right);
      const rows = [...body.rows].sort((left, right) => (way === "ascending" ? 1 : -1) * compare(left, right));
      headings.forEach((item) => item.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", way);
      body.append(...rows);
    });
  });
}
