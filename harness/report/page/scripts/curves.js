// Draws the curves of a job or a rehearsal.

function drawCurves(boxes, charts) {
  const [ink, quiet, line, accent] = ["--ink", "--quiet", "--line", "--accent"].map(colorOf);
  const axis = { stroke: quiet, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
  return charts.map(({ steps, values }, at) => {
    const box = boxes[at];
    box.replaceChildren();
    const drawn = new uPlot(
      {
        width: Math.max(200, box.clientWidth),
        height: 180,
        legend: { show: false },
        cursor: { y: false, points: { fill: ink } },
        scales: { x: { time: false } },
        axes: [{ ...axis, size: 30 }, { ...axis, size: 56 }],
        series: [{}, { stroke: accent, width: 2, points: { show: steps.length < 40 } }],
      },
      [steps, values],
      box,
    );
    const watched = new ResizeObserver(() => drawn.setSize({ width: Math.max(200, box.clientWidth), height: 180 }));
    watched.observe(box);
    return () => {
      watched.disconnect();
      drawn.destroy();
    };
  });
}

// Returns a function that draws all curves of the page, and redraws them after a change of colors.
function curvesOf(curves) {
  let undo = [];
  return () => {
    undo.forEach((each) => each());
    undo = Object.entries(curves).flatMap(([name, charts]) =>
      drawCurves([...document.querySelectorAll(`[data-curves="${name}"] .curve`)], charts),
    );
  };
}
