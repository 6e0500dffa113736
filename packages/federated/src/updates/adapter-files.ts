/** The file of an adapter folder that says what its tensors mean. */
export const CONFIG_FILE = "adapter_config.json";

/** The file of an adapter folder that holds its tensors. */
export const WEIGHTS_FILE = "adapter_model.safetensors";

/** Files of an adapter folder that travel. */
export const ADAPTER_FILES = [CONFIG_FILE, WEIGHTS_FILE] as const;
