export {
  evaluateModel,
  type EvaluatedReply,
  type EvaluateModelOptions,
  type ModelEvaluation,
} from "./evaluate-model.js";
export { autoTune, type AutoTuneReport, type AutoTuneSummary } from "./auto/auto-tune.js";
export { type SaidTuning, sayTuning, type TuningSentences } from "./auto/say-tuning.js";
export type { AutoTuneOptions } from "./auto/auto-tune-options.js";
export { type Candidate, candidateName } from "./auto/candidate.js";
export type { ChosenSettings, Excluded, Trial } from "./auto/trial.js";
export { hostFinetune, type HostFinetuneOptions } from "./embed/host-finetune.js";
export { HostedChat } from "./embed/hosted-chat.js";
export { RunControl, type RunOrder } from "./embed/run-control.js";
export { evaluateSystems, type EvaluateSystemsOptions } from "./evaluate/evaluate-systems.js";
export type {
  EvaluatedSystem,
  GenerationPace,
  PerplexityComparison,
  SystemsEvaluation,
} from "./evaluate/systems-evaluation.js";
export type { Contamination } from "./evaluate/find-contamination.js";
export type { NotableRows } from "./evaluate/notable-rows.js";
export type { Prediction } from "./evaluate/prediction-file.js";
export type { LossScore } from "./evaluate/row-losses.js";
export type { AdapterRun } from "./evaluate/run-of-adapter.js";
export type { ModelMetricsOptions } from "./evaluate/model-metrics.js";
export { evaluateFiles, type EvaluateFilesOptions, type JudgedComparison } from "./evaluate-files.js";
export {
  coordinateFederation,
  type CoordinateFederationOptions,
  type FederationSummary,
} from "./federate/coordinate-federation.js";
export type { AggregationFields, ClientTraining, FirstAdapter } from "./federate/federation-fields.js";
export { type Attack, attacks } from "./federate/hostile-adapter.js";
export {
  type JoinedRound,
  joinFederation,
  type JoinFederationOptions,
  type JoinSummary,
} from "./federate/join-federation.js";
export type { LearnRoundOptions } from "./federate/learn-round.js";
export {
  type PrivacyLedger,
  privacyLedger,
  type PrivacyLedgerOptions,
  tellLedger,
} from "./federate/privacy-ledger.js";
export {
  type SimulatedRound,
  simulateFederation,
  type SimulateFederationOptions,
  type SimulationSummary,
} from "./federate/simulate-federation.js";
export { type SplitWay, splitWays } from "./federate/split-rows.js";
export { tellFederation, tellRound } from "./federate/tell-federation.js";
export { contradictions } from "./training/contradictions.js";
export { finetune, type FinetuneSummary, type RowCounts } from "./finetune.js";
export type { FinetuneOptions, FullOptions } from "./finetune-options.js";
export { type ZeroStage, zeroStages } from "./training/zero-stage.js";
export {
  type MemoryPlan,
  planMemory,
  type PlanMemoryOptions,
  type SizedModel,
} from "./memory/plan-memory.js";
export type { PlanCorrection } from "./memory/plan-correction.js";
export type { DiskTimes } from "./memory/disk-times.js";
export type { MemoryTerms } from "./memory/memory-terms.js";
export {
  planRemedies,
  type PlanRemediesOptions,
  type Remedy,
  type RemedyName,
  type StepToTime,
} from "./memory/plan-remedies.js";
export type { TrainedOptions } from "./memory/trained-bytes.js";
export type { TensorPlan } from "./memory/plan-tensor.js";
export { planRun, type PlanRunOptions, type RunPlan } from "./plan-run.js";
export type { StreamedStepPlan } from "./memory/plan-step.js";
export type { StepPace, StreamPlan } from "./memory/plan-stream.js";
export { initialiseModel, type InitialiseModelOptions } from "./initialise-model.js";
export { inspectModel, type ModelInspection } from "./inspect-model.js";
export {
  type EngineFound,
  inspectMachine,
  type InspectMachineOptions,
  type MachineInspection,
  type TensorFlowFound,
} from "./machine/inspect-machine.js";
export type { Processor } from "./machine/processor.js";
export {
  type MachineRule,
  type MachineRuleName,
  machineRules,
  type MachineRulesOptions,
} from "./machine-rules.js";
export {
  type MeasureAgreementOptions,
  measureAgreement,
  type MeasuredAgreement,
} from "./measure-agreement.js";
export { mergeAdapter, type MergeAdapterOptions, type MergedModel } from "./merge-adapter.js";
export { exportModel } from "./export/export-model.js";
export {
  type ExportedModel,
  type ExportFormat,
  exportFormats,
  type ExportModelOptions,
} from "./export/export-model-options.js";
export { type Drift, DriftError } from "./export/drift-error.js";
export { type ImportedModel, importModel, type ImportModelOptions } from "./export/import-model.js";
export { type LearntPolicy, policyOf, type StoredPolicy } from "./model/learnt-policy.js";
export { type ModelFolder, readModelFolder } from "./model/model-folder.js";
export {
  type EngineOptions,
  type ModelInput,
  type OpenedModel,
  openModel,
  type OpenModelOptions,
  type HeadOptions,
  type StreamOptions,
} from "./model/open-model.js";
export type { PromptOptions } from "./model/prompt-ids.js";
export type { PersonalDataFiles } from "./data/personal-data-files.js";
export { type PreparedRows, prepareRows, type PrepareRowsOptions } from "./prepare-rows.js";
export { type PrunedModel, pruneMethods, pruneModel, type PruneModelOptions } from "./prune-model.js";
export { type QuantizedModel, quantizeModel, type QuantizeModelOptions } from "./quantize-model.js";
export { type FieldName, namingFieldsIn, RecipeError, type RecipeFault } from "./recipe-error.js";
export { adapterPathFault } from "./paths/adapter-path-fault.js";
export { modelPathFault } from "./paths/model-path-fault.js";
export { rowsPathFault } from "./paths/rows-path-fault.js";
export type {
  EngineFacts,
  OnRecipeEvent,
  ProgressEvent,
  RecipeEvent,
  RecipeHooks,
  RecipePhase,
  RowsEvent,
} from "./recipe-event.js";
export { Conversation, type ConversationOptions, type Exchange } from "./chat/conversation.js";
export { type ChatSide, RunChat, type RunChatOptions, type SideRequest } from "./chat/run-chat.js";
export { type Reply, type ReplyOptions, respond, type RespondOptions } from "./respond.js";
export { reportData, type ReportDataOptions, type WrittenDataReport } from "./data/report-data.js";
export { type RowShown, type RowToken, showRow, type ShowRowOptions } from "./data/show-row.js";
export { tellRow, type TellRowOptions } from "./data/tell-row.js";
export { rerun, type RerunDifference, type RerunOptions, type RerunOutcome } from "./rerun.js";
export type { FileHashes } from "./record/run-hashes.js";
export { collectPublication, type CollectPublicationOptions } from "./publish/collect-publication.js";
export type { Publication, PublishedBase, PublishedFile } from "./publish/publication.js";
export { RunPassportError } from "./record/run-passport-error.js";
export type { LayerRouting } from "./record/routing-log.js";
export type { RunPassport } from "./record/run-passport.js";
export type { MaskReport } from "./rows/mask-report.js";
export type { RowsInput } from "./rows/rows-input.js";
export type { LearntOptions } from "./rows/training-rows.js";
export { type MethodName, methodNames } from "./training/training-method.js";
export { type ObjectiveName, objectiveNames } from "./training/objective-name.js";
export type { RunSettings } from "./training/run-settings.js";
export { tellAgreement } from "./tell-agreement.js";
export { tellComparison } from "./evaluate/tell-comparison.js";
export { tellEvaluation } from "./evaluate/tell-evaluation.js";
export { columnsSentence, type EventWithoutSentence, tellEvent, type ToldEvent } from "./tell-event.js";
export { evaluationRecord, comparisonRecord } from "./evaluate/evaluation-record.js";
export { machineRecord } from "./machine/machine-record.js";
export { tellMachine } from "./machine/tell-machine.js";
export { phaseNames } from "./tell-phase.js";
export { tellRerun } from "./tell-rerun.js";
export { tellTrial, tellTuning } from "./auto/tell-tuning.js";
export { tellInterrupted, tellStep, tellTrained, tellValidation } from "./training/tell-trained.js";
export { tellBatching } from "./verify/tell-batching.js";
export { tellResumes } from "./verify/tell-resumes.js";
export { tellParameters } from "./tell-parameters.js";
export { tellPlan } from "./memory/tell-plan.js";
export { tellPrepared } from "./data/tell-prepared.js";
export type { RunTotals } from "./training/run-totals.js";
export { inspectRanks, type InspectRanksOptions, type RanksInspection } from "./ranks/inspect-ranks.js";
export { type LaunchAsked, type LaunchPlaces, readPlaces } from "./ranks/launch-places.js";
export type { SharedFiles } from "./ranks/rank-facts.js";
export { launchedRun, type LaunchedRunOptions, type RunBeginning } from "./ranks/launched-run.js";
export type { RunDifference } from "./verify/first-difference.js";
export { type ResumeVerification, verifyResume, type VerifyResumeOptions } from "./verify/verify-resume.js";
export type { CountKills } from "./survive/count-kills.js";
export { finetuneWithinMemory, type WithinMemoryOptions } from "./survive/finetune-within-memory.js";
export { EndedByItselfError } from "./embed/ended-by-itself-error.js";
export { OutOfMemoryError, type OutOfMemoryReason } from "./survive/out-of-memory.js";
export {
  type Batching,
  type BatchingComparison,
  compareBatching,
  type CompareBatchingOptions,
} from "./verify/compare-batching.js";
