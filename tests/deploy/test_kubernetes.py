"""The manifests: valid to the cluster's own schemas, and with the properties that the service needs."""

import re

import kubernetes_validate
import pytest
import yaml

OLDEST = "1.30"


def seconds(settings: dict) -> int:
    return int(settings["data"]["ROADWORTHY_SHUTDOWN_SECONDS"])


def pod(manifests) -> dict:
    return manifests["Deployment"]["spec"]["template"]["spec"]


def container(manifests) -> dict:
    (only,) = pod(manifests)["containers"]
    return only


@pytest.mark.parametrize("version", [OLDEST, kubernetes_validate.latest_version()])
def test_every_manifest_fits_its_schema(manifests, version):
    assert len(manifests) >= 7
    for manifest in manifests.values():
        assert kubernetes_validate.validate(manifest, version, strict=True)


def test_a_manifest_that_does_not_fit_is_found(base):
    base["Deployment"]["spec"]["replica"] = 2
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(base["Deployment"], OLDEST, strict=True)


def listed(kustomization: dict) -> set[str]:
    patches = [patch["path"] for patch in kustomization.get("patches", ())]
    settings = [name for one in kustomization.get("configMapGenerator", ()) for name in one["envs"]]
    return {*kustomization["resources"], *patches, *settings}


@pytest.mark.parametrize("name", ["base", "postgresql"])
def test_every_file_is_listed_and_every_listed_file_is_there(deploy, name):
    folder = deploy / "kubernetes" / name
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    files = {path.name for path in folder.iterdir()} - {"kustomization.yaml"}
    assert {entry for entry in listed(kustomization) if not entry.startswith("..")} == files


def test_each_kind_is_there(base, postgresql):
    both = {"ConfigMap", "Deployment", "NetworkPolicy", "PodDisruptionBudget", "Service", "ServiceAccount"}
    assert set(base) == both | {"PersistentVolumeClaim"}
    assert set(postgresql) == both | {"HorizontalPodAutoscaler"}


def test_all_select_the_pods_of_the_deployment(manifests):
    labels = manifests["Deployment"]["spec"]["template"]["metadata"]["labels"]
    selectors = [
        manifests["Deployment"]["spec"]["selector"]["matchLabels"],
        manifests["Service"]["spec"]["selector"],
        manifests["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
        manifests["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        *(one["labelSelector"]["matchLabels"] for one in pod(manifests)["topologySpreadConstraints"]),
    ]
    assert all(selector == labels for selector in selectors)


def test_the_pod_may_do_nothing_but_serve(manifests):
    assert pod(manifests)["automountServiceAccountToken"] is False
    assert pod(manifests)["serviceAccountName"] == manifests["ServiceAccount"]["metadata"]["name"]
    security = pod(manifests)["securityContext"]
    assert security["runAsNonRoot"] is True
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container(manifests)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_the_cluster_puts_no_port_of_its_own_into_our_variables(manifests):
    assert manifests["Service"]["metadata"]["name"] == "roadworthy"
    assert pod(manifests)["enableServiceLinks"] is False


def test_what_has_to_be_writable_is_mounted(manifests):
    mounts = {mount["mountPath"]: mount for mount in container(manifests)["volumeMounts"]}
    volumes = {volume["name"] for volume in pod(manifests)["volumes"]}
    assert {"/data", "/tmp"} == {path for path, mount in mounts.items() if not mount.get("readOnly")}
    assert {mount["name"] for mount in mounts.values()} == volumes


def test_keys_are_where_the_service_looks_for_them(manifests):
    settings = manifests["ConfigMap"]["data"]
    (mount,) = (one for one in container(manifests)["volumeMounts"] if one["name"] == "keys")
    assert settings["ROADWORTHY_KEYS"].startswith(mount["mountPath"] + "/")


def test_probes_tell_a_dead_process_from_one_that_cannot_answer_yet(manifests):
    paths = {
        kind: container(manifests)[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "readiness", "liveness")
    }
    assert paths == {"startup": "/readyz", "readiness": "/readyz", "liveness": "/healthz"}


def test_the_grace_period_holds_all_that_happens_in_it(manifests):
    pause = container(manifests)["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod(manifests)["terminationGracePeriodSeconds"] >= pause + seconds(manifests["ConfigMap"]) + 10


def test_resources_are_asked_for_and_memory_is_bounded(manifests):
    resources = container(manifests)["resources"]
    assert {"cpu", "memory"} <= set(resources["requests"])
    assert "memory" in resources["limits"]


def test_sqlite_is_one_pod_s(base):
    assert base["ConfigMap"]["data"]["ROADWORTHY_LOG"].startswith("sqlite:////data/")
    assert base["Deployment"]["spec"]["replicas"] == 1
    assert base["Deployment"]["spec"]["strategy"] == {"type": "Recreate"}
    claim = base["PersistentVolumeClaim"]["metadata"]["name"]
    assert pod(base)["volumes"][0] == {"name": "data", "persistentVolumeClaim": {"claimName": claim}}
    assert base["NetworkPolicy"]["spec"]["egress"] == []


def test_postgresql_is_for_two_and_more(postgresql):
    scaler = postgresql["HorizontalPodAutoscaler"]["spec"]
    assert scaler["minReplicas"] >= 2
    assert scaler["scaleTargetRef"]["name"] == postgresql["Deployment"]["metadata"]["name"]
    assert "replicas" not in postgresql["Deployment"]["spec"]
    (url,) = container(postgresql)["env"]
    assert url == {
        "name": "ROADWORTHY_LOG",
        "valueFrom": {"secretKeyRef": {"name": "roadworthy-log", "key": "url"}},
    }
    assert "emptyDir" in pod(postgresql)["volumes"][0]
    ports = {port["port"] for rule in postgresql["NetworkPolicy"]["spec"]["egress"] for port in rule["ports"]}
    assert ports == {53, 5432}


def test_no_secret_is_in_the_folder(deploy):
    text = "\n".join(path.read_text() for path in (deploy / "kubernetes").rglob("*.*"))
    assert "kind: Secret" not in text
    assert not re.search(r"postgres(ql)?://", text)
