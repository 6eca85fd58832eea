// The stages of a round, in their order, with the words that the page has for them.

export const STAGES = [
  { key: "mine", name: "Mine", does: "Agents propose for figures that nobody has mined." },
  { key: "assess", name: "Rank", does: "Every proposal is assessed, and the queue put in order." },
  { key: "review", name: "Review", does: "Curators accept or fix the figures that the queue gives them." },
  { key: "calibrate", name: "Calibrate", does: "The assessor learns from what curators decided." },
  { key: "train", name: "Train", does: "The model goes on from the round before." },
  { key: "index", name: "Index", does: "The model looks at every panel and region." },
  { key: "rescore", name: "Re-score", does: "Proposals are assessed again, with the model's doubts." },
  { key: "remine", name: "Mine again", does: "What is doubted most is mined again in another way." },
];

export const placeOf = (stage) => STAGES.findIndex(({ key }) => key === stage);

// "6.5 min" of curators' time.
export function minutes(seconds) {
  const value = seconds / 60;
  return `${value.toFixed(value < 10 ? 1 : 0)} min`;
}
