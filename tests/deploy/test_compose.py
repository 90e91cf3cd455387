"""compose.yaml, read: nothing is open, nothing is writable that need not be, and no password is in it."""

import re

import pytest
import yaml
from packaging.version import Version

SERVICES = ["roadworthy", "postgres", "mlflow", "prometheus", "grafana"]


@pytest.fixture(params=SERVICES)
def service(request, compose):
    return compose["services"][request.param]


def test_all_are_there(compose):
    assert sorted(compose["services"]) == sorted(SERVICES)


def test_each_is_hardened(service):
    assert service["read_only"] is True
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert service["pids_limit"] > 0
    assert service["mem_limit"]


def test_ports_are_this_machine_s(service):
    assert all(re.fullmatch(r"127\.0\.0\.1:(\d+):\1", port) for port in service.get("ports", ()))


def test_the_log_s_network_has_no_way_out(compose):
    assert compose["networks"]["log"]["internal"] is True
    assert compose["services"]["postgres"]["networks"] == ["log"]
    assert "ports" not in compose["services"]["postgres"]


def test_each_has_a_health_check_or_its_image_has(compose, final_stage):
    without = [name for name, service in compose["services"].items() if "healthcheck" not in service]
    assert without == ["roadworthy"]
    assert "HEALTHCHECK" in final_stage


def test_images_are_pinned_to_a_version(compose):
    others = [service["image"] for name, service in compose["services"].items() if name != "roadworthy"]
    assert all(re.search(r":v?\d+(\.\d+)*$", image) for image in others)


def test_what_is_written_is_in_a_named_volume_that_is_declared(compose):
    used = set()
    for service in compose["services"].values():
        for volume in service.get("volumes", ()):
            if not volume.startswith((".", "$")):
                used.add(volume.split(":")[0])
            else:
                assert volume.endswith(":ro"), volume
    assert used == set(compose["volumes"])


def test_what_is_mounted_from_the_checkout_is_there(compose, deploy):
    mounts = [volume for service in compose["services"].values() for volume in service.get("volumes", ())]
    ours = [volume.split(":")[0] for volume in mounts if volume.startswith("./")]
    assert ours
    assert all((deploy / path).is_dir() for path in ours)
    assert (deploy / compose["services"]["roadworthy"]["build"]["context"]).resolve() == deploy.parent


def test_secrets_have_no_default(deploy, compose):
    text = (deploy / "compose.yaml").read_text()
    assert set(re.findall(r"\$\{(\w+)", text)) == {"MODEL_FOLDER", "KEYS_FILE", "POSTGRES_PASSWORD", "GRAFANA_PASSWORD"}
    assert all(":?" in reference for reference in re.findall(r"\$\{[^}]*\}", text))
    for service in compose["services"].values():
        secret = {name: value for name, value in service.get("environment", {}).items() if "PASSWORD" in name}
        assert all(value.startswith("${") for value in secret.values())
        assert all(f"${{{name}" not in text for name in ("ROADWORTHY_KEYS", "PGPASSWORD"))


def test_the_log_s_url_holds_no_password(compose):
    assert compose["services"]["roadworthy"]["environment"]["ROADWORTHY_LOG"] == (
        "postgresql://roadworthy@postgres:5432/roadworthy"
    )


def test_the_keys_are_where_the_image_looks_for_them(compose, final_stage):
    (secret,) = compose["services"]["roadworthy"]["secrets"]
    assert f"ROADWORTHY_KEYS=/run/secrets/{secret}" in final_stage["ENV"].split()
    assert secret in compose["secrets"]


def test_mlflow_is_of_the_client_s_major_version(compose, root):
    client = re.search(r"^mlflow==(\S+)", (root / "requirements/demo.txt").read_text(), re.MULTILINE)
    server = compose["services"]["mlflow"]["image"].rpartition(":")[2]
    assert Version(server).major == Version(client[1]).major


def test_prometheus_asks_the_service_by_its_name_and_port(compose, deploy):
    config = yaml.safe_load((deploy / "prometheus/prometheus.yml").read_text())
    (job,) = (job for job in config["scrape_configs"] if job["job_name"] == "roadworthy")
    assert job["static_configs"] == [{"targets": ["roadworthy:8000"]}]
    assert set(compose["services"]["prometheus"]["networks"]) & set(compose["services"]["roadworthy"]["networks"])
    assert all((deploy / "prometheus" / name).is_file() for name in config["rule_files"])


def test_grafana_finds_prometheus_and_its_dashboards(compose, deploy):
    grafana = compose["services"]["grafana"]
    mounted = dict(volume.split(":")[:2] for volume in grafana["volumes"])
    provisioning = deploy / "grafana/provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources/prometheus.yml").read_text())["datasources"]
    (provider,) = yaml.safe_load((provisioning / "dashboards/roadworthy.yml").read_text())["providers"]
    assert source["url"] == "http://prometheus:9090"
    assert mounted["./grafana/dashboards"] == provider["options"]["path"]
    assert grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"] == (
        f"{provider['options']['path']}/roadworthy.json"
    )
