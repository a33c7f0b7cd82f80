// [data-when="field=one other"] is shown only while that field of its form has one of these values.
// Without this script everything is shown, and the server takes what the chosen kind knows.
document.querySelectorAll("form:has([data-when])").forEach(arrange);

document.addEventListener("change", ({ target }) => {
  if (target.form?.querySelector("[data-when]")) arrange(target.form);
});

function arrange(form) {
  for (const part of form.querySelectorAll("[data-when]")) {
    const [name, values] = part.dataset.when.split("=");
    const applies = values.split(" ").includes(valueOf(form.elements[name]));
    part.hidden = !applies && !part.querySelector(".has-errors");
  }
}

function valueOf(field) {
  return field.type === "checkbox" && !field.checked ? "" : field.value;
}
