"use strict";

// Brings the page Live up to date every few seconds, as long as somebody looks at it. When that fails the page says so and
// keeps what it shows: an operator must never take old numbers for new ones.

const EVERY_MS = 5000;

const place = document.getElementById("live");
const state = document.getElementById("live-state");

function say(words, isStale) {
    state.textContent = words;
    state.classList.toggle("bo-stale", isStale);
}

async function refresh() {
    if (document.hidden) {
        return;
    }
    try {
        const answer = await fetch("?part", { credentials: "same-origin", redirect: "error" });
        if (!answer.ok) {
            throw new Error(`the server says ${answer.status}`);
        }
        place.innerHTML = await answer.text();
        say("up to date", false);
    } catch (error) {
        say(`not up to date: ${error.message}`, true);
    }
}

setInterval(refresh, EVERY_MS);
document.addEventListener("visibilitychange", refresh);
