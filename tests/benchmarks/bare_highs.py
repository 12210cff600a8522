"""HiGHS alone: the region's finished matrix passed in directly, run, and nothing read out of it."""

import highspy
import numpy as np

from energy.optimize.tile import Layout, Numbers

OPTIONS = (("output_flag", False), ("threads", 1), ("random_seed", 0), ("parallel", "off"))
"""As ``energy.optimize.solver`` has them; everything else is HiGHS's own default on both sides."""


class BareHighs:
    """One instance: ``run_cold`` passes a whole matrix, ``run_warm`` the vectors of the next one."""

    def __init__(self) -> None:
        self._highs = highspy.Highs()
        for name, value in OPTIONS:
            self._highs.setOptionValue(name, value)

    def run_cold(self, layout: Layout, numbers: Numbers) -> float:
        """Pass the matrix and solve; gives the objective in EUR."""
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = layout.columns, layout.rows
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = numbers.cost_eur, numbers.lower, numbers.upper
        lp.row_lower_, lp.row_upper_ = numbers.row_lower, numbers.row_upper
        lp.offset_ = numbers.offset_eur
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_ = layout.column_start.astype(np.int32)
        lp.a_matrix_.index_ = layout.row_index.astype(np.int32)
        lp.a_matrix_.value_ = numbers.coefficients
        self._highs.passModel(lp)
        return self._run()

    def run_warm(self, layout: Layout, numbers: Numbers) -> float:
        """Change what the next quarter hour changes and solve from the last basis."""
        columns = np.arange(layout.columns, dtype=np.int32)
        rows = np.arange(layout.rows, dtype=np.int32)
        self._highs.changeColsCost(columns.size, columns, numbers.cost_eur)
        self._highs.changeColsBounds(columns.size, columns, numbers.lower, numbers.upper)
        self._highs.changeRowsBounds(rows.size, rows, numbers.row_lower, numbers.row_upper)
        self._highs.changeObjectiveOffset(numbers.offset_eur)
        return self._run()

    def _run(self) -> float:
        self._highs.run()
        assert self._highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
        return float(self._highs.getInfo().objective_function_value)
