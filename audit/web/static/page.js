// What makes the pages smoother. Without it every page works: links and forms do the same by loading a page.
(function () {
  "use strict";

  var announcer = function () { return document.getElementById("announce"); };
  function announce(text) {
    var at = announcer();
    if (at && text) at.textContent = text;
  }

  // ---- Charts, drawn from the table that says the same.

  var charts = [];

  function colour(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }

  function column(table, name) {
    return Array.from(table.querySelectorAll("td[data-series=" + name + "]"), function (cell) { return Number(cell.dataset.value); });
  }

  function whole(n) { return String(n).replace(/\B(?=(\d{3})+$)/g, "\u202f"); }

  function short(n) {
    if (n >= 1e6) return n / 1e6 + " M";
    return n >= 1e4 ? n / 1e3 + " k" : whole(n);
  }

  // bars draws series of counts beside each other, one group a day.
  function bars(at, days, series, point) {
    var stamps = days.map(function (day) { return Date.parse(day + "T00:00:00Z") / 1000; });
    var axis = { stroke: colour("--soft"), grid: { show: false }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
    var width = series.length === 1 ? 0.65 : 0.38;
    var chart = new uPlot({
      width: at.clientWidth, height: at.classList.contains("small") ? 110 : 170, padding: [8, 4, 0, 0],
      tzDate: function (t) { return uPlot.tzDate(new Date(t * 1000), "Etc/UTC"); },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false }, sync: { key: "days" } },
      legend: { show: false },
      scales: {
        x: { time: true, range: function (u, low, high) { return [low - 43200, high + 43200]; } },
        y: { range: function (u, low, high) { return [0, Math.max(high, 4) * 1.05]; } },
      },
      series: [{}].concat(series.map(function (s, i) {
        return { stroke: colour(s.tone), fill: colour(s.tone), width: 0, points: { show: false },
          paths: uPlot.paths.bars({ size: [width, 26], align: series.length === 1 ? 0 : i === 0 ? -1 : 1 }) };
      })),
      axes: [
        Object.assign({}, axis, { size: 28, space: 70, values: function (u, at) {
          return at.map(function (t) { return new Date(t * 1000).toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" }); });
        }, incrs: [86400, 2 * 86400, 7 * 86400] }),
        Object.assign({}, axis, { size: 52, space: 34, grid: { stroke: colour("--line"), width: 1 }, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 2e6, 5e6],
          values: function (u, at) { return at.map(short); } }),
      ],
      hooks: { setCursor: [function (u) { point(u.cursor.left < 0 ? null : u.cursor.idx); }] },
    }, [stamps].concat(series.map(function (s) { return s.counts; })), at);
    charts.push({ plot: chart, at: at });
  }

  function draw() {
    charts.forEach(function (c) { c.plot.destroy(); });
    charts = [];
    var table = document.querySelector("table[data-chart]");
    if (!table || !window.uPlot) return;
    var days = Array.from(table.querySelectorAll("tbody th"), function (cell) { return cell.dataset.day; });
    var pointed = document.getElementById("pointed");
    var of = { sent: column(table, "sent"), rejected: column(table, "rejected"), expired: column(table, "expired") };
    function point(i) {
      if (pointed) pointed.textContent = i == null ? "" : days[i] + ": " + whole(of.sent[i]) + " sent, " + whole(of.rejected[i]) + " rejected, " + whole(of.expired[i]) + " expired";
    }
    document.querySelectorAll(".chart[data-of]").forEach(function (at) {
      var names = at.dataset.of.split(" ");
      var some = names.some(function (name) { return of[name].some(Boolean); });
      at.hidden = !some;
      if (some) bars(at, days, names.map(function (name) { return { counts: of[name], tone: { sent: "--good", rejected: "--bad", expired: "--mend" }[name] }; }), point);
    });
  }

  // The table behind the chart is open for those who see no chart.
  function fold(within) {
    var details = (within || document).querySelector("details[data-behind-chart]");
    if (details && window.uPlot) details.open = sessionStorage.getItem("days") === "open";
  }
  document.addEventListener("toggle", function (e) {
    if (e.target.matches && e.target.matches("details[data-behind-chart]") && e.target.isConnected) sessionStorage.setItem("days", e.target.open ? "open" : "");
  }, true);

  var resized;
  addEventListener("resize", function () {
    clearTimeout(resized);
    resized = setTimeout(function () {
      charts.forEach(function (c) { c.plot.setSize({ width: c.at.clientWidth, height: c.plot.height }); });
    }, 100);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);

  // ---- What htmx brings.

  // An answer without the part that was asked for, such as the page to sign in, is shown whole.
  document.addEventListener("htmx:beforeSwap", function (e) {
    var part = e.detail.target.id, xhr = e.detail.xhr;
    if (xhr.status === 204 || !part || xhr.responseText.includes('id="' + part + '"')) return;
    e.detail.shouldSwap = false;
    if (e.detail.requestConfig.verb === "get") location.assign(e.detail.pathInfo.requestPath);
    else announce("That did not work. Load the page again.");
  });

  // A form leaves out what nobody filled in, so that addresses stay short.
  document.addEventListener("htmx:configRequest", function (e) {
    if (e.detail.verb !== "get") return;
    Array.from(new Set(e.detail.formData.keys())).forEach(function (name) {
      if (!e.detail.formData.get(name)) e.detail.formData.delete(name);
    });
  });

  // A list that takes long says so.
  var patience;
  function busy(e, is) {
    var list = document.getElementById("list");
    if (!e.detail.target || e.detail.target.id !== "list") return; // at its end the target is the list that was there before
    clearTimeout(patience);
    if (list) list.setAttribute("aria-busy", String(is));
    if (is) patience = setTimeout(function () { announce("Looking …"); }, 800);
  }
  document.addEventListener("htmx:beforeRequest", function (e) { busy(e, true); });
  document.addEventListener("htmx:afterRequest", function (e) { busy(e, false); });

  var before = "";
  document.addEventListener("htmx:beforeSwap", function () {
    var headline = document.querySelector(".greeting h1");
    before = headline ? headline.textContent : "";
  });

  document.addEventListener("htmx:afterSettle", function (e) {
    if (e.detail.target && e.detail.target.id === "list" && e.detail.requestConfig) { // going back has no target
      var top = document.getElementById("results"), wrong = document.querySelector("#list [aria-invalid]");
      if (top) {
        (wrong || top).focus({ preventScroll: true });
        if (top.getBoundingClientRect().top < 0) top.scrollIntoView();
        announce(top.dataset.says);
      }
    }
    fold();
    draw();
    var headline = document.querySelector(".greeting h1");
    if (headline && headline.textContent !== before) announce(headline.textContent);
  });

  // The time of the last look, and whether somebody answers.
  document.addEventListener("htmx:afterRequest", function (e) {
    var stale = document.getElementById("stale"), at = e.detail.xhr && e.detail.xhr.getResponseHeader("Capibara-Time");
    if (e.detail.successful && at) document.querySelectorAll("[data-as-of]").forEach(function (as) { as.textContent = at; });
    if (!stale) return;
    var gone = !e.detail.xhr || e.detail.xhr.status === 0;
    if (gone && stale.hidden) announce(stale.textContent);
    stale.hidden = !gone;
  });

  fold();
  draw();
})();
