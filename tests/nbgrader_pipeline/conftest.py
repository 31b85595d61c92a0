from tests.nbgrader_pipeline.kernels import kernels  # noqa: F401 - a fixture
