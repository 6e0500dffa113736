import { phrase } from "@lathe/files";
import { LaunchError } from "../launch/launch-error.js";
import { checkClusterPlan, type ClusterFiles, type ClusterPlan } from "./cluster-plan.js";
import { yamlText } from "./yaml-text.js";

/** What Kubernetes needs besides the plan. */
export interface KubernetesPlan extends ClusterPlan {
  /** Name of the image that the Dockerfile is built as, with its registry where there is one. */
  readonly image: string;
  /** Of the claim that holds model, rows and run, in 10⁹ bytes. */
  readonly storageGb: number;
  /** Kind of storage that many machines can write to; null for the cluster's own. */
  readonly storageClass: string | null;
  /** Version of Lathe in the image. */
  readonly version: string;
}

/** Part by part: a registry with a port, a path, a tag, a digest. */
const IMAGE =
  /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::\d{1,5})?\/)?[a-z0-9]+(?:[._/-]{1,2}[a-z0-9]+){0,20}(?::\w[\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/;
const CLASS = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;
const VERSION = /^\d+\.\d+\.\d+(?:-[\w.-]+)?$/;

/** Where all pods see the claim, and where commands run. */
const PLACE = "/data";
const USER = 1000;
const SSH_PORT = 2222;
/** Where the operator lists the workers. */
const HOST_FILE = "/etc/mpi/hostfile";

/**
 * What a cluster with Kubeflow's MPI operator needs: the image of all pods (`Dockerfile`, `sshd_config`), the claim of the files
 * (`claim.yaml`) and the job (`mpijob.yaml`). The image has Open MPI 4: of version 5 the operator's list of workers is not read, and all ranks
 * would run in one pod.
 * @throws LaunchError
 */
export function kubernetesFiles(plan: KubernetesPlan): ClusterFiles {
  checkClusterPlan(plan);
  checkKubernetes(plan);
  return {
    Dockerfile: dockerfile(plan.version),
    sshd_config: SSHD_CONFIG,
    "claim.yaml": yamlText(claimOf(plan)),
    "mpijob.yaml": yamlText(mpiJobOf(plan)),
  };
}

function checkKubernetes({ image, storageGb, storageClass, version }: KubernetesPlan): void {
  if (image.length > 255 || !IMAGE.test(image)) {
    throw new LaunchError(
      "options",
      phrase`expected the name of an image such as registry.example/lathe:1, got ${image}`,
    );
  }
  if (!Number.isSafeInteger(storageGb) || storageGb < 1)
    throw new LaunchError(
      "options",
      phrase`${"storageGb"}: expected a whole number from 1, got ${String(storageGb)}`,
    );
  if (storageClass !== null && !CLASS.test(storageClass))
    throw new LaunchError("options", phrase`expected the name of a class of storage, got ${storageClass}`);
  if (!VERSION.test(version)) throw new LaunchError("options", phrase`expected a version, got ${version}`);
}

const dockerfile = (version: string): string => `FROM node:22-bookworm-slim
RUN apt-get update \\
  && apt-get install -y --no-install-recommends openmpi-bin openssh-client openssh-server \\
  && rm -rf /var/lib/apt/lists/* \\
  && mkdir -p /run/sshd
RUN npm install --global @lathe/cli@${version} koffi@3
# Keys are mounted by the operator, into a folder that nobody can write.
RUN printf '%s\\n' 'Host *' '  Port ${SSH_PORT}' '  StrictHostKeyChecking no' '  UserKnownHostsFile /dev/null' '  LogLevel ERROR' \\
  > /etc/ssh/ssh_config.d/lathe.conf
RUN userdel --remove node && useradd --create-home --uid ${USER} mpiuser
COPY --chown=mpiuser sshd_config /home/mpiuser/.sshd_config
USER mpiuser
WORKDIR ${PLACE}
`;

const SSHD_CONFIG = `Port ${SSH_PORT}
PidFile /home/mpiuser/sshd.pid
HostKey /home/mpiuser/.ssh/id_rsa
AuthorizedKeysFile /home/mpiuser/.ssh/authorized_keys
PasswordAuthentication no
StrictModes no
`;

const claimNameOf = ({ name }: ClusterPlan): string => `${name}-files`;

function claimOf(plan: KubernetesPlan): Record<string, unknown> {
  const { storageClass, storageGb } = plan;
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: claimNameOf(plan) },
    spec: {
      accessModes: ["ReadWriteMany"],
      ...(storageClass === null ? {} : { storageClassName: storageClass }),
      resources: { requests: { storage: `${storageGb}G` } },
    },
  };
}

function mpiJobOf(plan: KubernetesPlan): Record<string, unknown> {
  const { name, ranks, cores, memoryGb, hours, restarts, words, image } = plan;
  const podOf = (container: Record<string, unknown>): Record<string, unknown> => ({
    spec: {
      securityContext: { runAsUser: USER, fsGroup: USER },
      containers: [
        { image, workingDir: PLACE, volumeMounts: [{ name: "files", mountPath: PLACE }], ...container },
      ],
      volumes: [{ name: "files", persistentVolumeClaim: { claimName: claimNameOf(plan) } }],
    },
  });
  const network = plan.interface === null ? [] : ["--interface", plan.interface];
  const launch = [
    ...["lathe", "dist", "run", "--launcher", "openmpi", "--hostfile", HOST_FILE, ...network],
    ...["--restarts", String(restarts), "--continue", "--", ...words],
  ];
  const amounts = { cpu: String(cores), memory: `${memoryGb}G` };
  return {
    apiVersion: "kubeflow.org/v2beta1",
    kind: "MPIJob",
    metadata: { name },
    spec: {
      slotsPerWorker: 1,
      mpiImplementation: "OpenMPI",
      sshAuthMountPath: "/home/mpiuser/.ssh",
      runPolicy: {
        cleanPodPolicy: "Running",
        backoffLimit: restarts,
        activeDeadlineSeconds: hours * 3600,
      },
      mpiReplicaSpecs: {
        Launcher: {
          replicas: 1,
          restartPolicy: "OnFailure",
          template: podOf({
            name: "launcher",
            command: launch,
            resources: { requests: { cpu: "1", memory: "1G" }, limits: { memory: "1G" } },
          }),
        },
        Worker: {
          replicas: ranks,
          restartPolicy: "OnFailure",
          template: podOf({
            name: "worker",
            command: ["/usr/sbin/sshd", "-De", "-f", "/home/mpiuser/.sshd_config"],
            resources: { requests: amounts, limits: amounts },
          }),
        },
      },
    },
  };
}
