// Optional: quicker by keyboard. Every page works without it. Single letters act only where the
// server wrote data-keys="on" on <body> (each person can turn them off: WCAG 2.1.4), never in a box.
(function () {
  "use strict";
  var on = document.body.getAttribute("data-keys") === "on";
  var all = function (s) { return Array.prototype.slice.call(document.querySelectorAll(s)); };
  var one = function (s) { return document.querySelector(s); };
  var rows = all("table.lines tbody tr:not(.grp)").filter(function (r) { return r.querySelector("th a[href]"); });
  var at = Math.max(0, rows.findIndex(function (r) { return r.classList.contains("pick"); }));
  var go = function (s) { var a = one(s); if (a) { a.click(); } return a; };

  function pick(i) {
    if (!rows.length) { return; }
    rows[at].classList.remove("pick");
    at = Math.min(rows.length - 1, Math.max(0, i));
    rows[at].classList.add("pick");
    rows[at].querySelector("th a[href]").focus();
  }
  // Coming back to the list from inside it: the marked row follows the focus.
  rows.forEach(function (r, i) {
    r.addEventListener("focusin", function () { rows[at].classList.remove("pick"); at = i; r.classList.add("pick"); });
  });

  var keys = {
    j: function () { var f = rows[at] && rows[at].contains(document.activeElement); pick(f ? at + 1 : at); return rows.length; },
    k: function () { pick(at - 1); return rows.length; },
    n: function () { return go("[data-next]"); },
    s: function () { var f = one("#find"); if (f) { f.focus(); f.select(); } return f; },
    q: function () { location.href = "/"; return true; },
    l: function () { location.href = "/contact"; return true; },
    h: function () { location.href = "/help"; return true; },
    "?": function () { location.href = "/help"; return true; },
    e: function () { var t = one("textarea[name=issues], textarea[name=issue]"); if (t) { t.focus(); } return t; },
    z: function () { return go("[data-undo]"); },
    u: function () { return one(".desk") && go(".crumbs a"); },
    c: function () { return go("[data-copy]"); },
    a: function () { return go("[data-answer]"); }
  };

  document.addEventListener("keydown", function (ev) {
    var el = ev.target, typing = /^(TEXTAREA|SELECT)$/.test(el.tagName) ||
      (el.tagName === "INPUT" && !/^(radio|checkbox|submit|button)$/.test(el.type));
    if (ev.key === "Enter" && (ev.ctrlKey || ev.metaKey)) {
      var f = el.form || one(".desk"), b = f && f.querySelector("button.go");
      if (b) { ev.preventDefault(); b.click(); }
      return;
    }
    if (ev.key === "Escape" && typing) { el.blur(); return; }
    if (!on || typing || ev.ctrlKey || ev.metaKey || ev.altKey) { return; }
    var choice = /^[1-6]$/.test(ev.key) && all(".desk input[name=label]")[ev.key - 1];
    if (choice) { choice.checked = true; choice.focus(); ev.preventDefault(); return; }
    if (Object.prototype.hasOwnProperty.call(keys, ev.key) && keys[ev.key]()) { ev.preventDefault(); }
  });

  // The menu's last entry closes as menus do: by Esc, and when one goes elsewhere.
  all("details.more").forEach(function (d) {
    d.addEventListener("keydown", function (ev) { if (ev.key === "Escape" && d.open) { d.open = false; d.firstElementChild.focus(); } });
    d.addEventListener("focusout", function (ev) { if (ev.relatedTarget && !d.contains(ev.relatedTarget)) { d.open = false; } });
    document.addEventListener("click", function (ev) { if (!d.contains(ev.target)) { d.open = false; } });
  });

  all("[data-copy]").forEach(function (b) {
    if (!navigator.clipboard) { return; }
    b.hidden = false;
    b.addEventListener("click", function () {
      navigator.clipboard.writeText(b.getAttribute("data-copy")).then(function () {
        var s = one("#copied"); if (s) { s.textContent = "Copied " + b.getAttribute("data-copy"); }
      });
    });
  });
})();
