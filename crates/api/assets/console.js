// Comforts only: every action works without this file.
(function () {
  "use strict";

  // j / k between household cards, Enter opens the first link of a card; a, v, r
  // and s lead to the forms of the card or, on an alert's page, of the page.
  var cards = Array.prototype.slice.call(document.querySelectorAll("[data-card]"));
  var hint = document.querySelector("[data-keys]");
  if (hint) {
    hint.hidden = false;
  }
  // A form is never sent by a key but the one that only says "received"; the
  // others are opened, with the first field to fill in.
  function act(place, key) {
    if (key === "a") {
      var form = place.querySelector("form[data-do=a]");
      var button = form && form.querySelector("button");
      if (button) {
        button.click();
      }
      return !!button;
    }
    var target = place.querySelector("[data-go=" + key + "]");
    if (!target) {
      return false;
    }
    if (target.tagName.toLowerCase() === "details") {
      target.open = true;
    }
    target.scrollIntoView({ block: "nearest" });
    var field = target.querySelector("select, textarea, input:not([type=hidden])");
    if (field) {
      field.focus();
    }
    return true;
  }
  function typing(target) {
    return /^(input|textarea|select|button|summary|a)$/i.test(target.tagName);
  }
  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !hint) {
      return;
    }
    if (/^(input|textarea|select)$/i.test(event.target.tagName)) {
      return;
    }
    var active = document.activeElement;
    var current = cards.indexOf(active && active.closest ? active.closest("[data-card]") : null);
    if (event.key === "?") {
      hint.open = !hint.open;
      event.preventDefault();
    } else if (/^[avrs]$/.test(event.key)) {
      var place = cards.length ? cards[current] : document;
      if (place && (act(place, event.key) || (event.key === "v" && cards.length && open(place)))) {
        event.preventDefault();
      }
    } else if (cards.length && (event.key === "j" || event.key === "k")) {
      var step = event.key === "j" ? 1 : -1;
      var next = Math.max(0, Math.min(cards.length - 1, current + step));
      cards[next].focus();
      cards[next].scrollIntoView({ block: "nearest" });
      event.preventDefault();
    } else if (event.key === "Enter" && current >= 0 && !typing(event.target)) {
      open(cards[current]);
    }
  });
  function open(place) {
    var link = place.querySelector("a[href]");
    if (link) {
      link.click();
    }
    return !!link;
  }

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

  // While a file is taken, the page follows it: numbers at every look, words
  // for who listens only now and then. Without this file the page reloads.
  var live = document.querySelector("[data-import]");
  if (live && window.fetch) {
    follow("/api/v1/imports/" + live.getAttribute("data-import"));
  }
  function follow(address) {
    var said = live.querySelector("[data-said]");
    var bar = live.querySelector("progress");
    var tag = "";
    var missed = 0;
    var looks = 0;
    function put(name, value) {
      var place = document.querySelector("[data-live=" + name + "]");
      if (place) {
        place.textContent = value;
      }
    }
    function show(state) {
      var rows = state.counts;
      ["accepted", "warned", "held", "rejected"].forEach(function (name) {
        put(name, rows[name]);
      });
      put("next_line", state.next_line);
      put("came", rows.received);
      if (state.rows) {
        bar.max = state.rows;
        bar.value = rows.received;
      }
      if (looks % 5 === 1) {
        said.textContent = "已接收 " + rows.received + (state.rows ? " / " + state.rows : "") + " 行";
      }
      return state.state === "received";
    }
    function look() {
      looks += 1;
      fetch(address, {
        credentials: "same-origin",
        cache: "no-store",
        headers: tag ? { "If-None-Match": tag } : {}
      }).then(function (answer) {
        if (answer.status === 304) {
          return null;
        }
        if (!answer.ok) {
          throw new Error(String(answer.status));
        }
        tag = answer.headers.get("ETag") || "";
        return answer.json();
      }).then(function (state) {
        missed = 0;
        if (state && show(state)) {
          location.replace(location.pathname + "?done=received");
        } else {
          setTimeout(look, 2000);
        }
      }).catch(function () {
        missed += 1;
        if (missed < 5) {
          setTimeout(look, 2000 * missed);
        } else {
          said.textContent = "自动更新中断，请刷新本页。";
        }
      });
    }
    look();
  }
})();
