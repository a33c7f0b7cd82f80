// [data-add-target] adds a row of price and share to the form of a signal.
const MOST = 10;

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-add-target]")) return;
  const rows = document.getElementById("targets");
  if (rows.children.length >= MOST) return;
  const [share] = rows.querySelectorAll("[name=target_share]");
  if (rows.children.length === 1 && Number(share.value) === 100) share.value = ""; // no more the only one
  const row = rows.lastElementChild.cloneNode(true);
  for (const input of row.querySelectorAll("input")) input.value = "";
  rows.append(row);
  row.querySelector("input").focus();
});
