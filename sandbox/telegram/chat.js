const query = new URLSearchParams(location.search);
const user = query.get("user") || localStorage.getItem("user") || String(1000 + Math.floor(Math.random() * 9000));
localStorage.setItem("user", user);
const byId = (id) => document.getElementById(id);
let version = -1;

const post = (path, body) =>
  fetch(`/chat/${user}${path}`, { method: "POST", body: JSON.stringify(body) });

function bubble(message) {
  const article = document.createElement("article");
  article.className = message.from?.is_bot ? "" : "mine";
  article.append(message.text);
  for (const row of message.reply_markup?.inline_keyboard ?? []) {
    for (const key of row) {
      const button = document.createElement("button");
      button.textContent = key.text;
      button.onclick = () => post("/press", { message_id: message.message_id, data: key.callback_data });
      article.append(document.createElement("br"), button);
    }
  }
  const time = document.createElement("time");
  time.textContent = new Date(message.date * 1000).toLocaleTimeString();
  article.append(time);
  return article;
}

async function follow() {
  for (;;) {
    try {
      const name = encodeURIComponent(query.get("name") ?? "");
      const answer = await (await fetch(`/chat/${user}?version=${version}&name=${name}`)).json();
      version = answer.version;
      byId("bot").textContent = `@${answer.bot}`;
      byId("block").textContent = answer.person.blocks_bot ? "Unblock" : "Block";
      byId("messages").replaceChildren(...answer.messages.map(bubble));
      byId("messages").lastElementChild?.scrollIntoView();
    } catch {
      await new Promise((done) => setTimeout(done, 1000));
    }
  }
}

byId("user").value = user;
byId("user").onchange = (event) => { location.search = `?user=${event.target.value}`; };
byId("block").onclick = () => post("/block", {});
byId("start").onclick = () => post("", { text: `/start ${query.get("start") ?? ""}`.trim() });
byId("write").onsubmit = (event) => {
  event.preventDefault();
  post("", { text: byId("text").value });
  byId("text").value = "";
};
follow();
