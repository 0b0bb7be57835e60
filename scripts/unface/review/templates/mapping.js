"use strict";
const form = document.querySelector("form");
const columns = JSON.parse(form.dataset.columns);
const groups = [...form.querySelectorAll("li")];
let saved = true;

function answer(group) {
  const choice = group.querySelector("select").value;
  const typed = group.querySelector(".typed input"), reason = group.querySelector(".reason input");
  if (choice === "exclude") return ["exclude", reason.value];
  return [choice === "other" ? typed.value : choice, ""];
}

// What a choice does not need is neither shown nor checked.
function show(group) {
  const choice = group.querySelector("select").value;
  for (const [kind, wanted] of [["typed", "other"], ["reason", "exclude"]]) {
    const label = group.querySelector("." + kind);
    label.hidden = label.querySelector("input").disabled = choice !== wanted;
  }
}

function table() {
  const lines = groups.map(group => {
    const cells = JSON.parse(group.dataset.cells);
    [cells[columns.indexOf("name")], cells[columns.indexOf("reason")]] = answer(group);
    return cells.map(cell => cell.replace(/[\t\r\n]/g, " ").trim()).join("\t");
  });
  return [columns.join("\t"), ...lines].join("\n") + "\n";
}

function count() {
  const named = groups.filter(group => answer(group)[0]).length;
  document.querySelector("output").textContent = named + " of " + groups.length + " groups have a name of their own";
}

groups.forEach(show);
count();
form.addEventListener("input", event => {
  saved = false;
  show(event.target.closest("li"));
  count();
});
form.addEventListener("submit", event => {
  event.preventDefault();
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([table()], {type: "text/tab-separated-values"}));
  link.download = "mapping.tsv";
  link.click();
  saved = true;
});
addEventListener("beforeunload", event => { if (!saved) event.preventDefault(); });
