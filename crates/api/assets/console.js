// Comforts only: every action works without this file.
(function () {
  "use strict";

  // j / k between household cards, Enter opens the first link of a card.
  var cards = Array.prototype.slice.call(document.querySelectorAll("[data-card]"));
  var hint = document.querySelector("[data-keys]");
  if (cards.length && hint) {
    hint.hidden = false;
  }
  function typing(target) {
    return /^(input|textarea|select|button|summary|a)$/i.test(target.tagName);
  }
  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !cards.length) {
      return;
    }
    if (/^(input|textarea|select)$/i.test(event.target.tagName)) {
      return;
    }
    var active = document.activeElement;
    var current = cards.indexOf(active && active.closest ? active.closest("[data-card]") : null);
    if (event.key === "j" || event.key === "k") {
      var step = event.key === "j" ? 1 : -1;
      var next = Math.max(0, Math.min(cards.length - 1, current + step));
      cards[next].focus();
      cards[next].scrollIntoView({ block: "nearest" });
      event.preventDefault();
    } else if (event.key === "Enter" && current >= 0 && !typing(event.target)) {
      var link = cards[current].querySelector("a[href]");
      if (link) {
        link.click();
      }
    }
  });

  // A draft is over when the page says that it was taken, not when it was
  // sent: a session may have ended in between.
  var done = document.querySelector("[data-done]");
  if (done) {
    sessionStorage.removeItem("draft:" + done.getAttribute("data-done"));
  }

  // What was typed survives a closed page, not a closed browser tab: drafts
  // may speak of people, and desks share computers.
  Array.prototype.forEach.call(document.querySelectorAll("form[data-draft]"), function (form) {
    var key = "draft:" + form.getAttribute("data-draft");
    var fields = form.querySelectorAll("textarea, input[type=text], select");
    try {
      var kept = JSON.parse(sessionStorage.getItem(key) || "{}");
      Array.prototype.forEach.call(fields, function (field) {
        if (kept[field.name] && !field.value) {
          field.value = kept[field.name];
        }
      });
    } catch (ignored) {
      sessionStorage.removeItem(key);
    }
    form.addEventListener("input", function () {
      var draft = {};
      Array.prototype.forEach.call(fields, function (field) {
        draft[field.name] = field.value;
      });
      sessionStorage.setItem(key, JSON.stringify(draft));
    });
  });

  Array.prototype.forEach.call(document.querySelectorAll("[data-print]"), function (button) {
    button.hidden = false;
    button.addEventListener("click", function () {
      window.print();
    });
  });
})();
